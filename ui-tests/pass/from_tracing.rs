//! The arguments of `#[tracing::instrument]` have the same meaning in `#[rag_span]`.
#![deny(warnings)]

use ragspan::rag_span;
use ragspan::testing::capture;
use tracing::Span;
use tracing::field::Empty;

const TARGET: &str = "my::target";
struct Pair {
    first: u8,
}

const NAME: &str = "named";

#[rag_span(
    layer = "api", name = NAME, target = TARGET, level = tracing::Level::DEBUG, skip(password),
    fields(user, http_status = Empty, later, len = password.len(), ?list, %pair.first, {NAME} = 1),
    err(Debug, level = "info"), ret(Display),
)]
fn login(user: u8, password: &str, list: &[u8], pair: Pair) -> Result<u8, String> {
    Span::current().record("http_status", 200).record("later", "late");
    if password.is_empty() {
        return Err(format!("no password for {user} of {}", list.len()));
    }
    Ok(user)
}

#[rag_span("short", layer = "data", skip_all, parent = None, follows_from = [Span::current().id()])]
fn rootless(_secret: &str) {}

#[rag_span(layer = "data", ret, err)]
async fn asynchronous(n: u8) -> Result<u8, std::num::TryFromIntError> {
    u8::try_from(u16::from(n) * 2)
}

fn main() {
    let (value, seen) = capture(|| {
        let value = login(7, "secret", &[1], Pair { first: 1 });
        rootless("secret");
        value
    });
    assert_eq!(value, Ok(7));
    let record = seen.record("login_complete");
    assert_eq!(record["level"], "DEBUG");
    let context = &record["context"];
    assert_eq!((&context["user"], &context["len"]), (&7.into(), &6.into()));
    assert_eq!((&context["http_status"], &context["later"]), (&200.into(), &"late".into()));
    assert_eq!((&context["list"], &context["pair.first"]), (&"[1]".into(), &"1".into()));
    assert_eq!((&context["named"], &record["context"]["operation"]), (&1.into(), &"login".into()));
    assert!(record["context"].get("password").is_none());
    let short = seen.record("short_complete");
    assert!(short["parent_span_id"].is_null());
    let (value, seen) = capture(|| login(7, "", &[], Pair { first: 2 }));
    assert!(value.is_err());
    assert_eq!(seen.record("login_failed")["level"], "INFO");
    let (value, seen) = capture(|| wait(asynchronous(200)));
    assert!(value.is_err());
    assert_eq!(seen.messages(), ["asynchronous_started", "asynchronous_failed"]);
}

fn wait<F: Future>(future: F) -> F::Output {
    match std::pin::pin!(future).poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("no future is ever pending"),
    }
}
