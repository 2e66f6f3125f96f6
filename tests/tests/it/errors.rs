//! An error is recorded as an ERROR once, by the call that it originates in, however many calls it passes through.

use std::error::Error;
use std::fmt;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use ragspan::rag_span;
use ragspan::testing::{Captured, capture};
use serde_json::Value;
use tracing::Instrument;

use crate::ends::{active, capture_in_runtime, completions};

/// An error that wraps another, and counts how often it was wrapped.
#[derive(Debug)]
struct Wrapped {
    words: &'static str,
    inner: Option<Box<Self>>,
}

impl fmt::Display for Wrapped {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.words)
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.inner.as_deref().map(|inner| inner as _)
    }
}

impl Wrapped {
    fn new(words: &'static str) -> Self {
        Self { words, inner: None }
    }

    fn wrap(words: &'static str) -> impl FnOnce(Self) -> Self {
        move |inner| Self {
            words,
            inner: Some(Box::new(inner)),
        }
    }
}

type Found = Result<u32, Wrapped>;

/// Returns the records of level ERROR, in order.
fn origins(seen: &Captured) -> Vec<&Value> {
    let ended = completions(seen).into_iter();
    ended.filter(|record| record["level"] == "ERROR").collect()
}

/// Returns the number of counted errors of this type over all layers.
fn counted(seen: &Captured, error_type: &str) -> f64 {
    let layers = ["api", "retrieval", "data", "generation"];
    let errors = layers.map(|layer| {
        assert!(active(seen, layer).is_none_or(|active| active == 0.0));
        let labels = [("error_type", error_type), ("layer", layer)];
        seen.metric("rag_errors_total", &labels).unwrap_or(0.0)
    });
    errors.iter().sum()
}

/// Checks that these calls failed at INFO and name the span of the origin.
#[track_caller]
fn pass_on(seen: &Captured, origin: &Value, messages: &[&str]) {
    assert_eq!(origin["level"], "ERROR", "{origin}");
    assert!(origin["context"]["error_span_id"].is_null(), "{origin}");
    for message in messages {
        let record = seen.record(message);
        assert_eq!(record["level"], "INFO", "{message}");
        assert_eq!(record["context"]["status"], "error", "{message}");
        let origin_id = &record["context"]["error_span_id"];
        assert_eq!(*origin_id, origin["span_id"], "{message}");
    }
}

/// Returns the operations of a stack trace, and checks that each has its source location.
fn path(record: &Value) -> Vec<&str> {
    // A backtrace follows, indented, if backtraces are enabled.
    let lines = record["stack_trace"].as_str().unwrap().lines();
    let lines = lines.take_while(|line| !line.starts_with(' '));
    let parts = lines.map(|line| line.split_once(" (").unwrap());
    parts
        .map(|(operation, location)| {
            let (file, line) = location.trim_end_matches(')').rsplit_once(':').unwrap();
            assert!(file.ends_with("errors.rs"), "{location}");
            assert!(line.parse::<u32>().is_ok(), "{location}");
            operation
        })
        .collect()
}

#[rag_span(layer = "api")]
async fn first() -> Found {
    let (found, other) = tokio::join!(second(), beside());
    assert_eq!(other, 7);
    found.map_err(Wrapped::wrap("no answer"))
}

#[rag_span(layer = "api")]
async fn beside() -> u32 {
    tokio::task::yield_now().await;
    7
}

#[rag_span(layer = "retrieval")]
async fn second() -> Found {
    tokio::spawn(third().in_current_span()).await.unwrap()
}

#[rag_span(layer = "retrieval")]
fn third() -> impl Future<Output = Found> + Send {
    async { fourth().await.map_err(Wrapped::wrap("no hits")) }
}

#[rag_span(layer = "data")]
fn fourth() -> BoxFuture<'static, Found> {
    Box::pin(async {
        let task = tracing::info_span!("a task");
        tokio::spawn(fifth().instrument(task)).await.unwrap()
    })
}

#[rag_span(layer = "data")]
async fn fifth() -> Found {
    tokio::task::yield_now().await;
    sixth()
}

#[rag_span(layer = "data")]
fn sixth() -> Found {
    Err(Wrapped::new("the index is away"))
}

const PASSING: [&str; 5] = [
    "fifth_failed",
    "fourth_failed",
    "third_failed",
    "second_failed",
    "first_failed",
];

#[test]
fn an_error_through_six_calls_two_tasks_and_a_join_is_recorded_once() {
    let (found, seen) = capture_in_runtime(first);
    assert_eq!(found.unwrap_err().words, "no answer");
    let [origin] = origins(&seen)[..] else {
        panic!("not one origin: {:?}", seen.messages());
    };
    assert_eq!(origin["message"], "sixth_failed");
    pass_on(&seen, origin, &PASSING);
    assert_eq!(seen.record("beside_complete")["level"], "INFO");
    assert_eq!(counted(&seen, "Wrapped"), 1.0);
    let whole = ["first", "second", "third", "fourth", "fifth", "sixth"];
    assert_eq!(path(origin), whole);
    for (depth, message) in PASSING.iter().rev().enumerate() {
        assert_eq!(path(seen.record(message)), whole[..=depth], "{message}");
    }
    let outermost = &seen.record("first_failed")["error"];
    assert_eq!(outermost["message"], "no answer");
    assert_eq!(
        outermost["chain"],
        serde_json::json!(["no hits", "the index is away"])
    );
}

#[rag_span(layer = "retrieval", operation = "fails")]
async fn fails(words: &'static str) -> Found {
    tokio::task::yield_now().await;
    Err(Wrapped::new(words))
}

#[rag_span(layer = "api")]
async fn first_of_two() -> Found {
    let (one, two) = tokio::join!(fails("one is away"), fails("two is away"));
    one.and(two)
}

#[test]
fn two_equal_errors_are_recorded_twice() {
    let (_, seen) = capture_in_runtime(first_of_two);
    let origins = origins(&seen);
    assert_eq!(origins.len(), 2);
    // `join!` polls the futures alternately.
    let of = |words| {
        origins
            .iter()
            .find(|origin| origin["error"]["message"] == words)
    };
    assert_eq!(of("two is away").unwrap()["message"], "fails_failed");
    pass_on(&seen, of("one is away").unwrap(), &["first_of_two_failed"]);
    assert_eq!(counted(&seen, "Wrapped"), 2.0);
}

#[rag_span(layer = "api")]
async fn fails_anew() -> Found {
    if let Err(error) = fails("the index is away").await {
        tracing::warn!(%error, "looking elsewhere");
    }
    Err(Wrapped::new("nothing elsewhere"))
}

#[rag_span(layer = "api")]
async fn passes_on() -> Found {
    fails_anew().await
}

#[test]
fn a_handled_error_and_a_new_one_caused_by_it_are_two() {
    let (_, seen) = capture_in_runtime(passes_on);
    let origins = origins(&seen);
    let messages: Vec<_> = origins.iter().map(|origin| &origin["message"]).collect();
    assert_eq!(messages, ["fails_failed", "fails_anew_failed"]);
    pass_on(&seen, origins[1], &["passes_on_failed"]);
    assert_eq!(counted(&seen, "Wrapped"), 2.0);
    assert_eq!(path(origins[0]), ["passes_on", "fails_anew", "fails"]);
    assert_eq!(path(origins[1]), ["passes_on", "fails_anew"]);
}

#[rag_span(layer = "api")]
async fn handles() -> u32 {
    fails("the index is away").await.unwrap_or(0)
}

#[rag_span(layer = "api", empty)]
async fn makes_nothing_of_it() -> Option<u32> {
    fails("the index is away").await.ok()
}

#[test]
fn a_handled_error_is_recorded_at_its_origin_only() {
    let (_, seen) = capture_in_runtime(handles);
    assert_eq!(origins(&seen).len(), 1);
    assert_eq!(
        seen.record("handles_complete")["context"]["status"],
        "success"
    );
    let (_, seen) = capture_in_runtime(makes_nothing_of_it);
    assert_eq!(origins(&seen).len(), 1);
    assert!(seen.record("makes_nothing_of_it_empty")["error"].is_null());
    assert_eq!(counted(&seen, "Wrapped"), 1.0);
}

#[rag_span(layer = "api")]
async fn tries(times: u32, words: fn(u32) -> &'static str) -> Found {
    let mut last = fails(words(0)).await;
    for attempt in 1..times {
        last = fails(words(attempt)).await;
    }
    last
}

/// Each attempt is a separate error, however similar they are; the last one is returned.
#[test]
fn after_equal_failed_attempts_the_last_error_is_the_origin() {
    let (_, seen) = capture_in_runtime(|| tries(3, |_| "too busy"));
    let origins = origins(&seen);
    assert_eq!(origins.len(), 3);
    pass_on(&seen, origins[2], &["tries_failed"]);
    assert_eq!(counted(&seen, "Wrapped"), 3.0);
}

#[test]
fn after_many_handled_errors_the_last_error_is_the_origin() {
    let (_, seen) = capture_in_runtime(|| tries(100, |attempt| String::leak(attempt.to_string())));
    let origins = origins(&seen);
    assert_eq!(origins.len(), 100);
    pass_on(&seen, origins[99], &["tries_failed"]);
}

#[rag_span(layer = "data")]
fn starts() -> tokio::task::JoinHandle<Found> {
    tokio::spawn(fails("the index is away").in_current_span())
}

#[rag_span(layer = "api")]
async fn awaits_a_started_task() -> Found {
    starts().await.unwrap()
}

/// The call that started the task has ended when the task fails; its parent gets the error.
#[test]
fn an_error_of_a_task_that_outlives_its_starter_is_recorded_once() {
    let (_, seen) = capture_in_runtime(awaits_a_started_task);
    let [origin] = origins(&seen)[..] else {
        panic!("not one origin: {:?}", seen.messages());
    };
    pass_on(&seen, origin, &["awaits_a_started_task_failed"]);
    assert_eq!(counted(&seen, "Wrapped"), 1.0);
}

#[rag_span(layer = "generation")]
fn tokens() -> impl Stream<Item = Found> {
    let broken = || Err(Wrapped::new("connection reset"));
    stream::iter([Ok(1), broken(), Ok(2), broken()])
}

#[rag_span(layer = "generation")]
async fn wraps_tokens() -> BoxStream<'static, Found> {
    let named = |item: Found| item.map_err(Wrapped::wrap("no token"));
    tokens().map(named).boxed()
}

#[rag_span(layer = "generation")]
fn opens() -> Option<BoxFuture<'static, Result<BoxStream<'static, Found>, Wrapped>>> {
    Some(Box::pin(async { Ok(wraps_tokens().await) }))
}

#[rag_span(layer = "api")]
async fn reads() -> Result<Vec<u32>, Wrapped> {
    let mut items = opens().unwrap().await?;
    let mut found = vec![];
    while let Some(item) = items.next().await {
        found.push(item?);
    }
    Ok(found)
}

/// The call of `opens` has ended when its stream fails.
#[test]
fn an_error_item_is_recorded_once_through_streams_and_their_consumers() {
    let (found, seen) = capture_in_runtime(reads);
    assert_eq!(found.unwrap_err().words, "no token");
    let [origin] = origins(&seen)[..] else {
        panic!("not one origin: {:?}", seen.messages());
    };
    assert_eq!(origin["message"], "tokens_failed");
    pass_on(&seen, origin, &["wraps_tokens_failed", "reads_failed"]);
    assert_eq!(seen.record("opens_complete")["level"], "INFO");
    assert_eq!(path(origin), ["reads", "opens", "wraps_tokens", "tokens"]);
    assert_eq!(counted(&seen, "Wrapped"), 1.0);
}

#[rag_span(layer = "generation")]
fn opens_nothing() -> Result<BoxStream<'static, Found>, Wrapped> {
    Err(Wrapped::new("no key"))
}

#[rag_span(layer = "generation")]
fn opens_a_future() -> Option<BoxFuture<'static, Found>> {
    Some(Box::pin(fails("the index is away")))
}

#[rag_span(layer = "api")]
async fn opens_both() -> Found {
    assert!(opens_nothing().is_err());
    opens_a_future().unwrap().await
}

#[test]
fn an_error_inside_a_result_or_an_option_keeps_its_type() {
    let (_, seen) = capture_in_runtime(opens_both);
    let origins = origins(&seen);
    let messages: Vec<_> = origins.iter().map(|origin| &origin["message"]).collect();
    assert_eq!(messages, ["opens_nothing_failed", "fails_failed"]);
    pass_on(
        &seen,
        origins[1],
        &["opens_a_future_failed", "opens_both_failed"],
    );
    assert_eq!(counted(&seen, "Wrapped"), 2.0);
}

#[rag_span(layer = "data")]
fn panics() -> Found {
    panic!("out of order");
}

#[rag_span(layer = "api")]
fn panics_below() -> Found {
    panics()
}

/// A panic passes through calls like an error.
#[test]
fn a_panic_is_recorded_once_at_its_origin() {
    let (ended, seen) = capture(|| std::panic::catch_unwind(|| panics_below().is_ok()));
    assert!(ended.is_err());
    let [origin] = origins(&seen)[..] else {
        panic!("not one origin: {:?}", seen.messages());
    };
    assert_eq!(origin["message"], "panics_panicked");
    let above = seen.record("panics_below_panicked");
    assert_eq!(above["context"]["error_span_id"], origin["span_id"]);
    assert_eq!(above["level"], "INFO");
    assert_eq!(path(origin), ["panics_below", "panics"]);
    assert_eq!(counted(&seen, "panic"), 1.0);
}

#[rag_span(layer = "data")]
fn as_report() -> anyhow::Result<()> {
    let deepest = Wrapped::new("the disk is gone");
    Err(anyhow::Error::new(deepest)
        .context("cannot read the index")
        .context("cannot search"))
}

#[rag_span(layer = "data")]
fn as_box() -> Result<(), Box<dyn Error + Send + Sync>> {
    let deepest = Wrapped::new("the disk is gone");
    Err(Box::new(Wrapped::wrap("cannot read the index")(deepest)))
}

#[rag_span(layer = "api")]
fn passes_the_report_on() -> anyhow::Result<()> {
    use anyhow::Context;
    as_report().context("cannot answer")
}

/// A container whose error type is known only at run time exposes the sources like the error itself.
#[test]
fn the_sources_of_a_report_or_a_box_are_recorded() {
    let (_, seen) = capture(|| (as_report().is_err(), as_box().is_err()));
    let report = &seen.record("as_report_failed")["error"];
    assert_eq!(report["message"], "cannot search");
    let chain = serde_json::json!(["cannot read the index", "the disk is gone"]);
    assert_eq!(
        (&report["type"], &report["chain"]),
        (&"Error".into(), &chain)
    );
    let boxed = &seen.record("as_box_failed")["error"];
    assert_eq!(boxed["message"], "cannot read the index");
    assert_eq!(boxed["chain"], serde_json::json!(["the disk is gone"]));
}

#[test]
fn a_report_that_is_passed_on_is_recorded_once() {
    let (_, seen) = capture(passes_the_report_on);
    pass_on(
        &seen,
        seen.record("as_report_failed"),
        &["passes_the_report_on_failed"],
    );
}
