//! A call ends once, with the right record, counts and gauge, also if the user's filter disables its span.

use ragspan::testing::{Capture, Captured};
use ragspan::{ErrorType, Level, rag_span};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

#[derive(Debug, ErrorType)]
enum Failure {
    NotFound,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("nothing there")
    }
}

impl std::error::Error for Failure {}

/// The outcome that the function under test is to have.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Succeed,
    Fail,
    FindNothing,
    Panic,
    BeCancelled,
}

fn act(way: Way) -> Result<Option<u32>, Failure> {
    match way {
        Way::Succeed => Ok(Some(7)),
        Way::Fail => Err(Failure::NotFound),
        Way::FindNothing => Ok(None),
        Way::Panic | Way::BeCancelled => panic!("out of order"),
    }
}

#[rag_span(layer = "retrieval", operation = "op", empty, ok(|hit| found = hit.is_some()))]
fn sync_fn(way: Way) -> Result<Option<u32>, Failure> {
    act(way)
}

#[rag_span(layer = "retrieval", operation = "op", empty, ok(|hit| found = hit.is_some()))]
async fn async_fn(way: Way) -> Result<Option<u32>, Failure> {
    tokio::task::yield_now().await;
    if way == Way::BeCancelled {
        std::future::pending::<()>().await;
    }
    act(way)
}

struct Index;

impl Index {
    #[rag_span(layer = "retrieval", operation = "op", empty, ok(|hit| found = hit.is_some()))]
    fn sync_method(&self, way: Way) -> Result<Option<u32>, Failure> {
        act(way)
    }

    #[rag_span(layer = "retrieval", operation = "op", empty, ok(|hit| found = hit.is_some()))]
    async fn async_method(&mut self, way: Way) -> Result<Option<u32>, Failure> {
        tokio::task::yield_now().await;
        if way == Way::BeCancelled {
            std::future::pending::<()>().await;
        }
        act(way)
    }
}

/// Polls a future to completion, or drops it after three polls.
fn drive<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..3 {
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
    }
    None
}

/// Ignores a result: the records have the outcome.
fn ended(_: bool) {}

type Shape = (&'static str, fn(Way));

const SHAPES: [Shape; 4] = [
    ("sync function", |way| ended(sync_fn(way).is_ok())),
    ("async function", |way| {
        ended(drive(async_fn(way)).is_some())
    }),
    ("sync method", |way| ended(Index.sync_method(way).is_ok())),
    ("async method", |way| {
        ended(drive(Index.async_method(way)).is_some());
    }),
];

/// The filter of a test: the user's subscriber disables spans, the configuration of ragspan only filters records.
#[derive(Clone, Copy, Debug)]
enum Filter {
    None,
    Subscriber(LevelFilter),
    Configuration(Level),
}

fn run(shape: Shape, way: Way, filter: Filter) -> Captured {
    let capture = match filter {
        Filter::None => Capture::new(),
        Filter::Configuration(level) => Capture::new().level(level),
        Filter::Subscriber(level) => Capture::new().under(
            tracing_subscriber::registry()
                .with(level)
                .with(ragspan::layer()),
        ),
    };
    let body = || std::panic::catch_unwind(|| shape.1(way));
    let (ended, seen) = capture.run(body);
    assert_eq!(ended.is_err(), way == Way::Panic, "{shape:?} {way:?}");
    seen
}

/// Returns message, level and status of the completion records, and the type of the error, if there is one.
fn completions(seen: &Captured) -> Vec<[String; 4]> {
    let ended = seen
        .records()
        .iter()
        .filter(|record| !record["context"]["status"].is_null());
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    ended
        .map(|record| {
            let error = text(&record["error"]["type"]);
            [
                text(&record["message"]),
                text(&record["level"]),
                text(&record["context"]["status"]),
                error,
            ]
        })
        .collect()
}

fn check(way: Way, status: &str, completion: [&str; 4], hidden_at_warn: bool) {
    let filters = [
        (Filter::None, false),
        (Filter::Subscriber(LevelFilter::INFO), false),
        (Filter::Subscriber(LevelFilter::WARN), hidden_at_warn),
        (Filter::Configuration(Level::Info), false),
        (Filter::Configuration(Level::Warning), hidden_at_warn),
    ];
    let cancellable = |shape: &&Shape| way != Way::BeCancelled || shape.0.starts_with("async");
    for shape in SHAPES.iter().filter(cancellable) {
        for (filter, hidden) in filters {
            let seen = run(*shape, way, filter);
            let what = format!("{} {way:?} {filter:?}", shape.0);
            let expected = if hidden {
                vec![]
            } else {
                vec![completion.map(str::to_owned)]
            };
            assert_eq!(completions(&seen), expected, "{what}");
            counts(&seen, status, &what);
        }
    }
}

fn counts(seen: &Captured, status: &str, what: &str) {
    let labels = |status| [("layer", "retrieval"), ("status", status)];
    for each in ["success", "error", "empty", "cancelled", "panic"] {
        let expected = if each == status { 1.0 } else { 0.0 };
        let counted = seen.metric("rag_requests_total", &labels(each));
        assert_eq!(counted, Some(expected), "{what}: {each}");
    }
    assert_eq!(
        seen.metric("rag_active_queries", &[("layer", "retrieval")]),
        Some(0.0),
        "{what}"
    );
    let timed = [("operation", "op"), ("layer", "retrieval")];
    assert_eq!(
        seen.metric("rag_request_latency_ms_count", &timed),
        Some(1.0),
        "{what}"
    );
    let error_type = match status {
        "error" => "not_found",
        "panic" => "panic",
        _ => return,
    };
    let labels = [("error_type", error_type), ("layer", "retrieval")];
    assert_eq!(
        seen.metric("rag_errors_total", &labels),
        Some(1.0),
        "{what}"
    );
}

#[test]
fn a_success_is_complete_at_info() {
    check(
        Way::Succeed,
        "success",
        ["op_complete", "INFO", "success", ""],
        true,
    );
}

#[test]
fn an_error_has_failed_at_error_with_its_type() {
    check(
        Way::Fail,
        "error",
        ["op_failed", "ERROR", "error", "not_found"],
        false,
    );
}

#[test]
fn nothing_found_is_empty_at_warning() {
    check(
        Way::FindNothing,
        "empty",
        ["op_empty", "WARNING", "empty", ""],
        false,
    );
}

#[test]
fn a_panic_has_panicked_at_error_with_its_message() {
    check(
        Way::Panic,
        "panic",
        ["op_panicked", "ERROR", "panic", "panic"],
        false,
    );
    let seen = run(SHAPES[1], Way::Panic, Filter::None);
    let error = &seen.record("op_panicked")["error"];
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("out of order ("),
        "{error}"
    );
}

#[rag_span(layer = "retrieval", operation = "op", context(broken = divide(1, by)))]
fn breaks_before(by: u8) {
    std::hint::black_box(by);
}

#[rag_span(layer = "retrieval", operation = "op", ok(|by| broken = divide(1, *by)))]
fn breaks_behind(by: u8) -> u8 {
    by
}

#[rag_span(layer = "retrieval", operation = "op", ok(|by| broken = divide(1, *by)))]
async fn breaks_behind_async(by: u8) -> u8 {
    by
}

fn divide(one: u8, by: u8) -> u8 {
    one.checked_div(by).expect("a field that cannot be had")
}

#[test]
fn a_field_that_panics_is_a_panic_of_the_call() {
    let shapes: [fn(); 3] = [
        || breaks_before(0),
        || ended(breaks_behind(0) > 0),
        || ended(drive(breaks_behind_async(0)).is_some()),
    ];
    for shape in shapes {
        let (ended, seen) = Capture::new()
            .level(Level::Info)
            .run(|| std::panic::catch_unwind(shape));
        assert!(ended.is_err());
        let expected = ["op_panicked", "ERROR", "panic", "panic"].map(str::to_owned);
        assert_eq!(completions(&seen), [expected]);
        counts(&seen, "panic", "a field that panics");
    }
}

#[test]
fn a_dropped_future_is_cancelled_at_info() {
    check(
        Way::BeCancelled,
        "cancelled",
        ["op_cancelled", "INFO", "cancelled", ""],
        true,
    );
}

#[test]
fn a_future_that_was_never_polled_is_not_a_call() {
    let (_, seen) = Capture::new().run(|| drop(async_fn(Way::Succeed)));
    assert!(seen.records().is_empty());
    assert_eq!(
        seen.metric(
            "rag_requests_total",
            &[("layer", "retrieval"), ("status", "cancelled")]
        ),
        None
    );
}

#[test]
fn the_start_is_recorded_at_debug() {
    let seen = run(SHAPES[0], Way::Succeed, Filter::Configuration(Level::Debug));
    assert_eq!(seen.messages(), ["op_started", "op_complete"]);
    assert_eq!(seen.records()[0]["level"], "DEBUG");
    let seen = run(SHAPES[0], Way::Succeed, Filter::Configuration(Level::Info));
    assert_eq!(seen.messages(), ["op_complete"]);
}

#[test]
fn ok_fields_are_recorded_for_a_success_only() {
    assert_eq!(
        run(SHAPES[0], Way::Succeed, Filter::None).record("op_complete")["context"]["found"],
        true
    );
    for way in [Way::Fail, Way::FindNothing] {
        let seen = run(SHAPES[1], way, Filter::None);
        assert!(
            seen.records().last().unwrap()["context"]["found"].is_null(),
            "{way:?}"
        );
    }
}

#[rag_span(layer = "generation", slow = "1us", metrics(weight = 0.5), context(?text, %number))]
fn slow(text: &str, number: u8) -> usize {
    std::hint::black_box((0..10_000).filter(|n| n % 7 == usize::from(number)).count() + text.len())
}

#[test]
fn a_slow_success_is_recorded_instead_of_its_completion() {
    let (_, seen) = Capture::new().level(Level::Info).run(|| slow("a\"b", 3));
    assert_eq!(seen.messages(), ["slow_slow"]);
    let record = seen.record("slow_slow");
    assert_eq!(record["level"], "WARNING");
    assert_eq!(record["context"]["status"], "success");
    assert_eq!(record["context"]["threshold_ms"], 0.001);
    assert_eq!(record["context"]["text"], "\"a\\\"b\"");
    assert_eq!(record["context"]["number"], "3");
    assert_eq!(record["metrics"]["weight"], 0.5);
}

#[rag_span(layer = "api")]
fn outer(depth: u8) -> Result<(), Failure> {
    if depth == 0 {
        Err(Failure::NotFound)
    } else {
        middle(depth)
    }
}

#[rag_span(layer = "api")]
fn middle(depth: u8) -> Result<(), Failure> {
    inner(depth)
}

#[rag_span(layer = "retrieval", level = "debug")]
fn inner(depth: u8) -> Result<(), Failure> {
    if depth == 1 {
        Err(Failure::NotFound)
    } else {
        Ok(())
    }
}

#[test]
fn a_nested_call_of_the_same_layer_is_not_counted_as_a_request() {
    let (_, seen) = Capture::new().run(|| outer(2));
    let requests = |layer| {
        seen.metric(
            "rag_requests_total",
            &[("layer", layer), ("status", "success")],
        )
    };
    assert_eq!(
        (requests("api"), requests("retrieval")),
        (Some(1.0), Some(1.0))
    );
    let labels = [("operation", "middle"), ("layer", "api")];
    assert_eq!(
        seen.metric("rag_request_latency_ms_count", &labels),
        Some(1.0)
    );
    assert_eq!(seen.record("inner_complete")["level"], "DEBUG");
}

#[test]
fn an_error_is_recorded_once_at_its_origin() {
    let (_, seen) = Capture::new().level(Level::Info).run(|| outer(1));
    let origin = seen.record("inner_failed");
    assert_eq!(origin["level"], "ERROR");
    assert!(origin["context"]["error_span_id"].is_null());
    for message in ["middle_failed", "outer_failed"] {
        let passing = seen.record(message);
        assert_eq!(passing["level"], "INFO", "{message}");
        assert_eq!(
            passing["context"]["error_span_id"], origin["span_id"],
            "{message}"
        );
    }
    let errors = |layer| {
        seen.metric(
            "rag_errors_total",
            &[("error_type", "not_found"), ("layer", layer)],
        )
    };
    assert_eq!((errors("retrieval"), errors("api")), (Some(1.0), None));
    let trace = origin["stack_trace"].as_str().unwrap();
    let operations: Vec<_> = trace
        .lines()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(operations, ["outer", "middle", "inner"]);
    assert!(trace.contains("outcomes.rs:"), "{trace}");
}
