//! A field is evaluated once, and not at all without a pipeline or subscriber.

use std::cell::RefCell;
use std::fmt;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, Stream, StreamExt};
use ragspan::testing::Capture;
use ragspan::{Level, Usage, rag_span};
use tracing::{Dispatch, Span};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use crate::ends::runtime;
use crate::programs::{ENDS, succeed};

thread_local! {
    static ASKED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Records the evaluation of a field.
fn ask<T>(name: &'static str, value: T) -> T {
    ASKED.with_borrow_mut(|asked| asked.push(name));
    value
}

/// Returns the names of the fields that were evaluated since the last call, sorted.
fn asked() -> Vec<&'static str> {
    let mut asked = ASKED.take();
    asked.sort_unstable();
    asked
}

/// The fields that are evaluated before a call.
const BEFORE: [&str; 8] = [
    "context", "debug", "display", "fields", "metrics", "model", "parent", "version",
];

/// The fields that are evaluated before a call, and those of its value.
const ALL: [&str; 12] = [
    "context",
    "cost",
    "debug",
    "display",
    "documents",
    "fields",
    "metrics",
    "model",
    "ok",
    "parent",
    "usage",
    "version",
];

macro_rules! asks {
    ($($function:item)*) => {
        $(
            #[rag_span(
                layer = "data",
                parent = ask("parent", Span::current()),
                fields(one = ask("fields", 1)),
                context(two = ask("context", 2), three = ?ask("debug", 3), four = %ask("display", 4)),
                metrics(five = ask("metrics", 5)),
                versions(index = ask("version", "v1")),
                model = ask("model", "small-1"),
                usage = |_| ask("usage", Usage::new(1, 2)),
                cost = |_| ask("cost", 0.5),
                documents = |_| ask("documents", ["bees"]),
                ok(|value| six = ask("ok", *value)),
            )]
            $function
        )*
    };
}

asks! {
    fn plain() -> u8 {
        7
    }

    async fn async_fn() -> u8 {
        tokio::task::yield_now().await;
        7
    }

    fn future() -> impl Future<Output = u8> {
        tokio::task::yield_now().then_seven()
    }

    fn boxed() -> BoxFuture<'static, u8> {
        Box::pin(async { 7 })
    }

    fn fallible() -> Result<BoxFuture<'static, u8>, String> {
        Ok(Box::pin(async { 7 }))
    }
}

trait ThenSeven: Future + Sized {
    async fn then_seven(self) -> u8 {
        self.await;
        7
    }
}

impl<F: Future> ThenSeven for F {}

macro_rules! streams {
    ($($function:item)*) => {
        $(
            #[rag_span(
                layer = "data",
                parent = ask("parent", Span::current()),
                fields(one = ask("fields", 1)),
                context(two = ask("context", 2), three = ?ask("debug", 3), four = %ask("display", 4)),
                metrics(five = ask("metrics", 5)),
                versions(index = ask("version", "v1")),
                model = ask("model", "small-1"),
            )]
            $function
        )*
    };
}

streams! {
    fn items() -> impl Stream<Item = u8> {
        stream::iter([7])
    }

    async fn items_later() -> impl Stream<Item = u8> {
        tokio::task::yield_now().await;
        stream::iter([7])
    }
}

type Shape = (&'static str, fn() -> u8, &'static [&'static str]);

const SHAPES: [Shape; 7] = [
    ("plain", plain, &ALL),
    ("async fn", || runtime().block_on(async_fn()), &ALL),
    ("future", || runtime().block_on(future()), &ALL),
    ("boxed", || runtime().block_on(boxed()), &ALL),
    ("fallible", || runtime().block_on(fallible().unwrap()), &ALL),
    ("stream", || runtime().block_on(sum(items())), &BEFORE),
    (
        "async fn of a stream",
        || runtime().block_on(async { sum(items_later().await).await }),
        &BEFORE,
    ),
];

async fn sum(items: impl Stream<Item = u8>) -> u8 {
    items.fold(0, async |sum, item| sum + item).await
}

fn other() -> impl tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync {
    tracing_subscriber::fmt::layer().with_writer(std::io::sink)
}

type CaptureKind = (&'static str, fn() -> Capture);

#[test]
fn every_expression_is_evaluated_once_for_a_pipeline() {
    let captures: [CaptureKind; 4] = [
        ("alone", Capture::new),
        ("at a level that keeps nothing", || {
            Capture::new().level(Level::Critical)
        }),
        ("beside another layer", || {
            Capture::new().under(
                tracing_subscriber::registry()
                    .with(other())
                    .with(ragspan::layer()),
            )
        }),
        ("under a filter that hides the span", || {
            let hidden = tracing_subscriber::registry().with(LevelFilter::OFF);
            Capture::new().under(hidden.with(ragspan::layer()))
        }),
    ];
    for (shape, call, expected) in SHAPES {
        for (how, capture) in captures {
            let (value, _) = capture().run(call);
            assert_eq!(value, 7);
            assert_eq!(asked(), expected, "{shape}, {how}");
        }
    }
}

#[test]
fn every_expression_is_evaluated_once_for_another_layer_without_a_pipeline() {
    let other: Dispatch = tracing_subscriber::registry().with(other()).into();
    // Tokens, costs and documents are evaluated for ragspan only.
    let ours = ["cost", "documents", "usage"];
    for (shape, call, expected) in SHAPES {
        assert_eq!(tracing::dispatcher::with_default(&other, call), 7);
        let mut asked = asked();
        asked.retain(|name| !ours.contains(name));
        let expected = expected.iter().filter(|name| !ours.contains(name));
        assert_eq!(asked, expected.copied().collect::<Vec<_>>(), "{shape}");
    }
}

#[test]
fn no_expression_is_evaluated_when_disabled() {
    let hidden = || {
        tracing_subscriber::registry()
            .with(other())
            .with(LevelFilter::OFF)
    };
    let nobody = [Dispatch::none(), hidden().into()];
    for (shape, call, _) in SHAPES {
        for dispatch in &nobody {
            assert_eq!(tracing::dispatcher::with_default(dispatch, call), 7);
            assert_eq!(asked(), [] as [&str; 0], "{shape}");
        }
    }
}

/// Records that it was formatted.
struct Shown;

impl fmt::Debug for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(ask("shown", "shown"))
    }
}

#[rag_span(layer = "data", context(?value))]
fn shows(value: Shown) -> Shown {
    value
}

#[rag_span(layer = "data", context(?value))]
fn shows_later(value: Shown) -> BoxFuture<'static, Shown> {
    Box::pin(async move { value })
}

#[test]
fn a_value_is_formatted_once_and_never_when_disabled() {
    let calls: [fn() -> Shown; 2] = [|| shows(Shown), || runtime().block_on(shows_later(Shown))];
    for call in calls {
        let (Shown, _) = Capture::new().run(call);
        assert_eq!(asked(), ["shown"]);
        let Shown = call();
        assert_eq!(asked(), [] as [&str; 0]);
    }
}

#[rag_span(layer = "data", ok(|value| six = ask("ok", *value)), usage = |_| ask("usage", Usage::new(1, 1)))]
fn fails() -> Result<u8, String> {
    Err("away".to_owned())
}

#[rag_span(layer = "data", empty, ok(|value| six = ask("ok", value.len())))]
fn finds_nothing() -> Vec<u8> {
    vec![]
}

#[test]
fn fields_of_a_success_are_not_evaluated_for_other_outcomes() {
    let (_, seen) = Capture::new().run(|| assert!(fails().is_err() && finds_nothing().is_empty()));
    assert!(seen.messages().contains(&"finds_nothing_empty"));
    assert_eq!(asked(), [] as [&str; 0]);
}

/// Without a subscriber, `tracing` reports spans to the `log` crate, and evaluates their fields; `sqlx` enables that.
#[test]
fn under_a_logger_alone_no_expression_is_evaluated() {
    let printed = succeed(ENDS, &["log"]);
    let lines: Vec<_> = printed.lines().collect();
    let theirs = lines
        .iter()
        .filter(|line| line.starts_with("log ") && line.contains("theirs"));
    assert!(
        theirs.count() > 0,
        "the feature `log` of tracing is off: {printed}"
    );
    assert!(lines.contains(&"theirs 1"), "{printed}");
    assert!(lines.contains(&"ours 0"), "{printed}");
    assert!(
        !lines
            .iter()
            .any(|line| line.starts_with("log ") && line.contains("ours")),
        "{printed}"
    );
}

#[test]
fn a_pipeline_started_after_the_first_call_gets_the_metrics_of_the_next() {
    let printed = succeed(ENDS, &["late-start"]);
    let lines: Vec<_> = printed.lines().collect();
    for line in [
        r#"rag_requests_total{layer="data",status="success"} 2"#,
        r#"rag_request_latency_ms_count{operation="before",layer="data"} 2"#,
        r#"rag_active_queries{layer="data"} 0"#,
    ] {
        assert!(lines.contains(&line), "{line}: {printed}");
    }
    // The call that was running during the start began before metrics were counted.
    assert!(
        !printed.contains(r#"rag_requests_total{layer="api""#),
        "{printed}"
    );
    let records = lines
        .iter()
        .filter(|line| line.contains(r#""message":"before_complete""#));
    assert_eq!(records.count(), 2, "{printed}");
}
