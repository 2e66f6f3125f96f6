//! A failing assertion on a capture reports what the capture has.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use ragspan::testing::{Capture, Captured, advance, capture};
use ragspan::{ErrorType, Level, LogContext, rag_span};

#[derive(Debug, ErrorType)]
enum SearchError {
    #[error_type("timeout")]
    Timeout,
}

impl fmt::Display for SearchError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("no answer")
    }
}

#[derive(LogContext)]
struct Request {
    user_id: &'static str,
    #[log(redact)]
    api_key: &'static str,
}

#[rag_span(
    layer = "retrieval",
    context(top_k),
    ok(|hits| chunks = hits.len(), metrics.score = 0.5),
    empty
)]
fn search(top_k: usize) -> Result<Vec<usize>, SearchError> {
    advance(Duration::from_millis(12));
    tracing::warn!(size = 40, "cache warmed");
    if top_k > 9 {
        return Err(SearchError::Timeout);
    }
    Ok((0..top_k).collect())
}

#[rag_span(layer = "api")]
fn answer(top_k: usize) -> Result<usize, SearchError> {
    Ok(search(top_k)?.len())
}

#[rag_span(layer = "memory")]
fn broken() {
    panic!("no\nmemory");
}

#[rag_span(layer = "memory")]
async fn remember() {
    std::future::pending::<()>().await;
}

fn seen(body: impl FnOnce()) -> Captured {
    let (_, seen) = Capture::new().at("2026-01-01T00:00:00Z").seed(7).run(body);
    seen
}

fn answered(top_k: usize) -> Captured {
    seen(|| {
        let request = Request {
            user_id: "ada",
            api_key: "s3cret",
        };
        request.in_scope(|| answer(top_k)).unwrap_or_default();
    })
}

/// Returns the message of an assertion that must fail.
fn panic_message<R>(check: impl FnOnce() -> R) -> String {
    let failed = catch_unwind(AssertUnwindSafe(check)).err().unwrap();
    match failed.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => (*other.downcast::<&str>().unwrap()).to_owned(),
    }
}

/// Returns the message without the tree.
fn message<R>(check: impl FnOnce() -> R) -> String {
    let panic_message = panic_message(check);
    panic_message
        .split(
            "

",
        )
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn an_assertion_that_holds_can_be_chained() {
    let seen = answered(3);
    seen.span("search")
        .assert_success()
        .assert_under("answer")
        .assert_layer("retrieval")
        .assert_field("chunks", 3)
        .assert_field("top_k", 3.0)
        .assert_field("metrics.score", 0.5)
        .assert_field("score", 0.5)
        .assert_field("user_id", "ada")
        .assert_field("api_key", "[redacted]")
        .assert_no_field("top_p")
        .assert_user("ada")
        .assert_level(Level::Info)
        .assert_duration(Duration::from_millis(12));
    seen.span("answer").assert_root().assert_success();
    seen.event("cache warmed")
        .assert_under("search")
        .assert_under("answer")
        .assert_field("size", 40)
        .assert_no_field("chunks")
        .assert_user("ada")
        .assert_level(Level::Warning);
    seen.assert_no_errors()
        .assert_no_text("s3cret")
        .assert_metric(
            "rag_requests_total",
            &[("layer", "retrieval"), ("status", "success")],
            1.0,
        )
        .assert_metric(
            "rag_requests_total",
            &[("status", "error"), ("layer", "retrieval")],
            0.0,
        );
}

#[test]
fn every_outcome_has_its_assertion() {
    let seen = seen(|| {
        answer(0).unwrap_or_default();
        answer(10).unwrap_or_default();
        catch_unwind(broken).unwrap_or_default();
        let mut open = Box::pin(remember());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(open.as_mut().poll(&mut context).is_pending());
        drop(open);
    });
    seen.spans("search")[0].assert_empty();
    seen.spans("search")[1].assert_failed_with("timeout");
    seen.spans("answer")[1].assert_failed_with("timeout");
    seen.span("broken").assert_panicked();
    seen.span("remember").assert_cancelled();
    assert_eq!(
        seen.tree(),
        "\
answer (api) succeeded
  search (retrieval) was empty, top_k = 0
    WARNING cache warmed, size = 40
answer (api) failed with timeout: no answer
  search (retrieval) failed with timeout: no answer, top_k = 10
    WARNING cache warmed, size = 40
broken (memory) panicked: no memory
remember (memory) was cancelled
"
    );
}

#[test]
fn an_unknown_name_is_reported_with_a_suggestion() {
    let seen = answered(10);
    for (message, expected) in [
        (
            message(|| seen.span("serch")),
            "no span `serch` was captured; did you mean `search`?",
        ),
        (
            message(|| seen.span("retry")),
            "no span `retry` was captured",
        ),
        (
            message(|| seen.event("cache warm")),
            "no event `cache warm` was captured; did you mean `cache warmed`?",
        ),
        (
            message(|| seen.record("search_fail")),
            "no record `search_fail` was captured; did you mean `search_failed`?",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn a_wrong_outcome_is_reported() {
    let seen = answered(10);
    let search = seen.span("search");
    let but = "but it failed with timeout: no answer";
    for (message, expected) in [
        (
            message(|| search.assert_success()),
            "expected `search` to succeed",
        ),
        (
            message(|| search.assert_empty()),
            "expected `search` to be empty",
        ),
        (
            message(|| search.assert_panicked()),
            "expected `search` to panic",
        ),
        (
            message(|| search.assert_cancelled()),
            "expected `search` to be cancelled",
        ),
        (
            message(|| search.assert_failed_with("busy")),
            "expected `search` to fail with `busy`",
        ),
    ] {
        assert_eq!(message, format!("{expected}, {but}"));
    }
    let message = message(|| search.assert_duration(Duration::from_secs(1)));
    assert_eq!(message, "expected `search` to last 1s, but it lasted 12ms");
}

#[test]
fn a_wrong_position_is_reported() {
    let seen = answered(10);
    let search = seen.span("search");
    for (message, expected) in [
        (
            message(|| search.assert_root()),
            "expected `search` to be a root, but it is under `answer`",
        ),
        (
            message(|| search.assert_under("anwser")),
            "expected `search` to be under `anwser`, but it is under `answer`; did you mean `answer`?",
        ),
        (
            message(|| seen.span("answer").assert_under("search")),
            "expected `answer` to be under `search`, but it is a root",
        ),
        (
            message(|| search.assert_layer("data")),
            "expected `search` to be in the layer `data`, but it is in `retrieval`",
        ),
        (
            message(|| search.assert_user("grace")),
            "expected `search` to be for `grace`, but it is for `ada`",
        ),
        (
            message(|| search.assert_level(Level::Info)),
            "expected `search` to be at INFO, but it is at ERROR",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn a_wrong_value_is_reported() {
    let seen = answered(10);
    let (search, event) = (seen.span("search"), seen.event("cache warmed"));
    for (message, expected) in [
        (
            message(|| search.assert_field("top_k", 3)),
            "expected `search` to have top_k = 3, but it has 10",
        ),
        (
            message(|| search.assert_field("top_l", 3)),
            "expected `search` to have top_l = 3, but it has only [api_key, top_k]; did you mean `top_k`?",
        ),
        (
            message(|| search.assert_no_field("top_k")),
            "expected `search` to have no top_k, but it has top_k = 10",
        ),
        (
            message(|| event.assert_field("size", 41)),
            "expected the event `cache warmed` to have size = 41, but it has 40",
        ),
    ] {
        assert_eq!(message, expected);
    }
}

#[test]
fn unexpected_errors_and_series_are_reported() {
    let seen = answered(10);
    let counted =
        |name: &str, labels: &[(&str, &str)]| message(|| seen.assert_metric(name, labels, 1.0));
    for (message, expected) in [
        (
            message(|| seen.assert_no_errors()),
            "expected no errors, but there are:
  search (retrieval) failed with timeout: no answer, api_key = \"[redacted]\", top_k = 10
  answer (api) failed with timeout: no answer, api_key = \"[redacted]\"",
        ),
        (
            counted("rag_errors_total", &[("error_type", "timeout")]),
            "expected rag_errors_total{error_type=\"timeout\"} to be 1, but there is:
  rag_errors_total{error_type=\"timeout\",layer=\"retrieval\"} 1",
        ),
        (
            counted("rag_cache_hits_total", &[("cache", "a")]),
            "expected rag_cache_hits_total{cache=\"a\"} to be 1, but it was never counted",
        ),
        (
            counted("rag_request_total", &[]),
            "there is no metric `rag_request_total`; did you mean `rag_requests_total`?",
        ),
    ] {
        assert_eq!(message, expected);
    }
    let zero = message(|| seen.assert_metric("rag_request_total", &[], 0.0));
    assert!(zero.starts_with("there is no metric"), "{zero}");
}

#[test]
fn a_secret_is_found_in_every_position_and_escaping() {
    let message = |text: &'static str| {
        let (_, seen) = capture(|| tracing::info!("{text}"));
        panic_message(|| seen.assert_no_text(text))
    };
    assert!(
        message("s3cret")
            .starts_with("expected no text `s3cret`, but this line has it:\n  {\"timestamp\"")
    );
    assert!(message("a\"b\\c\n").contains("a\\\"b\\\\c\\n"));
    let (_, seen) = capture(|| ragspan::rag::set_cache_size("s3cret", 1));
    assert!(panic_message(|| seen.assert_no_text("s3cret")).contains("{cache=\"s3cret\"} 1"));
    assert!(panic_message(|| seen.assert_no_text("")).contains("an empty one is in all"));
}

#[test]
fn a_failure_shows_the_tree_and_the_line_of_the_test() {
    let (_, seen) = capture(search_quietly);
    let hook = std::panic::take_hook();
    let (send, receive) = std::sync::mpsc::channel();
    std::panic::set_hook(Box::new(move |info| {
        send.send(info.location().unwrap().file().to_owned())
            .unwrap_or_default();
    }));
    let message = panic_message(|| seen.span("nothing_like_it"));
    std::panic::set_hook(hook);
    assert!(
        message.ends_with("\n\ncaptured:\n  search_quietly (retrieval) succeeded\n"),
        "{message}"
    );
    assert!(
        receive
            .try_iter()
            .any(|file| file.ends_with("assertions.rs"))
    );
    let (_, none) = capture(|| ());
    assert!(panic_message(|| none.span("any")).ends_with("captured:\n  nothing\n"));
}

#[rag_span(layer = "retrieval")]
fn search_quietly() {}

#[test]
fn a_message_is_cut_after_a_hundred_lines() {
    let (_, seen) = capture(|| (0..120).for_each(|_| search_quietly()));
    let panic_message = panic_message(|| seen.span("any"));
    assert_eq!(panic_message.lines().count(), 3 + 100 + 1);
    assert!(
        panic_message.ends_with("  … and 20 lines more, in `tree()`\n"),
        "{panic_message}"
    );
}

/// The records of starts, which are DEBUG, show the order best.
#[test]
fn the_tree_is_sorted_at_every_level() {
    let body = || {
        search_quietly();
        tracing::info!("between");
        answer(1).unwrap_or_default();
    };
    let at = |level| {
        Capture::new()
            .level(level)
            .at("2026-01-01T00:00:00Z")
            .run(body)
            .1
    };
    let tree = at(Level::Trace).tree();
    assert!(
        tree.starts_with("search_quietly (retrieval) succeeded\nINFO between\nanswer"),
        "{tree}"
    );
    assert_eq!(tree, at(Level::Info).tree());
}

#[test]
fn an_unfinished_call_is_captured() {
    let (open, seen) = capture(|| {
        let mut open = Box::pin(remember());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(open.as_mut().poll(&mut context).is_pending());
        open
    });
    assert_eq!(seen.tree(), "remember (memory) has not ended\n");
    let message = panic_message(|| seen.span("remember").assert_success());
    assert!(
        message.starts_with("expected `remember` to succeed, but it has not ended"),
        "{message}"
    );
    drop(open);
}

#[test]
fn spans_of_one_name_are_checked_one_by_one() {
    let (_, seen) = capture(|| {
        search_quietly();
        search_quietly();
        tracing::info!("again");
        tracing::info!("again");
    });
    assert_eq!(
        (
            seen.spans("search_quietly").len(),
            seen.events("again").len()
        ),
        (2, 2)
    );
    assert!(seen.spans("other").is_empty());
    let message = panic_message(|| seen.span("search_quietly"));
    assert!(message.starts_with(
        "there are 2 spans `search_quietly`: take one of `spans(\"search_quietly\")`"
    ));
    assert!(panic_message(|| seen.event("again")).starts_with("there are 2 events `again`"));
    assert!(
        panic_message(|| seen.record("again")).starts_with("there is more than one record `again`")
    );
}

#[test]
fn a_wrong_duration_suggests_a_stopped_clock() {
    let (_, seen) = capture(search_quietly);
    let message = panic_message(|| {
        seen.span("search_quietly")
            .assert_duration(Duration::from_secs(9))
    });
    assert!(
        message.contains("stop it, `Capture::new().at(..)`"),
        "{message}"
    );
}
