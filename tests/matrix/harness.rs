//! Support for the programs of the matrix test: a journal of side effects, and the comparison of a function with its
//! annotated twin.
//!
//! `tests/src/matrix` copies this file into the generated workspace as the crate `matrix`. Shapes import all of it by
//! `use ::matrix::*`, also in modules without a prelude.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Waker};

use ragspan::testing::{Capture, Captured};
use serde_json::Value;
use tracing::Subscriber;
use tracing_subscriber::layer::{Layer, SubscriberExt};

pub use std::error::Error;
pub use std::fmt::{Debug, Display, Formatter};
pub use std::future::Future;
pub use std::pin::{Pin, pin};
pub use std::prelude::rust_2024::*;
pub use std::rc::Rc;
pub use std::task::Poll;
pub use std::{assert, format, matches, panic, unreachable, vec};

pub use futures_core::Stream;

thread_local! {
    static JOURNAL: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static COUNTED: RefCell<HashMap<&'static str, u64>> = RefCell::new(HashMap::new());
    static TICKS: Cell<u8> = const { Cell::new(0) };
}

/// Records a side effect in the journal.
pub fn effect(text: impl Display) {
    JOURNAL.with_borrow_mut(|journal| journal.push(text.to_string()));
}

/// Records a side effect and returns `value`: for temporaries and operands.
pub fn with_effect<T>(text: &str, value: T) -> T {
    effect(text);
    value
}

/// Counts an evaluation of a field. It is not a side effect of the function, so it is not in the journal.
#[must_use]
pub fn counted(field: &'static str) -> u64 {
    COUNTED.with_borrow_mut(|counted| {
        let count = counted.entry(field).or_default();
        *count += 1;
        *count
    })
}

/// A value that records its drop.
#[derive(Debug, PartialEq, Eq)]
pub struct Noisy(pub &'static str);

#[must_use]
pub fn noisy(name: &'static str) -> Noisy {
    effect(format!("make {name}"));
    Noisy(name)
}

impl Noisy {
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.0
    }
}

impl Drop for Noisy {
    fn drop(&mut self) {
        effect(format!("drop {}", self.0));
    }
}

/// An ordinary error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed(pub u8);

impl Display for Failed {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        write!(out, "failed with {}", self.0)
    }
}

impl Error for Failed {}

/// The context of a request, for `context_from`.
#[derive(Debug, ragspan::LogContext)]
pub struct Asked {
    user_id: &'static str,
    asked: u8,
}

#[must_use]
pub fn asked() -> Asked {
    Asked { user_id: "u", asked: 1 }
}

/// A future that is ready at its second poll.
#[derive(Debug, Default)]
pub struct Pause(bool);

#[must_use]
pub fn pause() -> Pause {
    Pause(false)
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        effect("pause");
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Polls a future to completion; every poll is recorded as a side effect.
pub fn now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..1000 {
        effect("poll");
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    panic!("the future is still pending after 1000 polls")
}

/// Polls a future `polls` times and drops it.
///
/// # Panics
///
/// Panics if the future completes.
pub fn cancelled<F: Future>(future: F, polls: usize) -> &'static str {
    let mut future = Box::pin(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        effect("poll");
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    effect("cancel");
    drop(future);
    "cancelled"
}

/// Collects the items of a stream.
pub fn items<S: Stream>(stream: S) -> Vec<S::Item> {
    taken(stream, usize::MAX)
}

/// Takes up to `count` items of a stream, and drops it.
pub fn taken<S: Stream>(stream: S, count: usize) -> Vec<S::Item> {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    let mut items = Vec::new();
    while items.len() < count {
        effect("poll");
        match stream.as_mut().poll_next(&mut context) {
            Poll::Ready(Some(item)) => items.push(item),
            Poll::Ready(None) => break,
            Poll::Pending => {}
        }
    }
    items
}

/// Compiles only if the value is `Send`.
pub fn sendable<T: Send>(value: T) -> T {
    value
}

/// Boxes a future, for shapes that return a `BoxFuture`.
pub fn boxed<'a, T>(future: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
    Box::pin(future)
}

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Counts down from `left`, with a pause before every item.
#[derive(Debug)]
pub struct Countdown {
    pub left: u8,
    pub paused: bool,
    pub held: Noisy,
}

#[must_use]
pub fn countdown(left: u8) -> Countdown {
    let held = noisy("stream");
    Countdown { left, paused: false, held }
}

impl Stream for Countdown {
    type Item = u8;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u8>> {
        self.paused = !self.paused;
        if self.paused {
            return Poll::Pending;
        }
        let item = self.left.checked_sub(1);
        self.left = item.unwrap_or(0);
        Poll::Ready(item)
    }
}

/// Formats the value of a driver, and drops it.
#[allow(clippy::needless_pass_by_value)]
pub fn shown<T: Debug>(value: T) -> String {
    format!("{value:?}")
}

/// One call of a shape, with the statuses of its records in the order of recording.
#[derive(Debug)]
pub struct Case {
    pub call: &'static str,
    pub statuses: &'static [&'static str],
    /// The number of successes that have a value; the others are `None`.
    pub values: u64,
}

/// A function, and the same function with the attribute.
#[derive(Debug)]
pub struct Pair {
    pub id: usize,
    pub plain: fn(usize) -> String,
    pub annotated: fn(usize) -> String,
    pub cases: &'static [Case],
    pub expected: Expected,
}

/// The record that the arguments of the attribute should lead to.
#[derive(Debug)]
pub struct Expected {
    pub layer: &'static str,
    /// The operation, if the arguments name it.
    pub operation: Option<&'static str>,
    /// The levels of a success and of an error.
    pub levels: (&'static str, &'static str),
    /// The fields of every record.
    pub call_fields: &'static [&'static str],
    /// The fields that only the record of a success has.
    pub success_fields: &'static [&'static str],
    /// The number of counted evaluations in every call.
    pub counted_call: u64,
    /// The number of further counted evaluations in every success.
    pub counted_success: u64,
}

/// The observable behaviour of one call.
#[derive(Debug, PartialEq, Eq)]
struct Observed {
    value: Result<String, String>,
    journal: Vec<String>,
}

/// The subscriber that a call runs under.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Setup {
    /// A pipeline, and a subscriber that has only the layer of ragspan.
    Measured,
    /// A pipeline, and a second layer that observes the spans.
    SecondLayer,
    /// A pipeline, and a filter that disables every span.
    Filtered,
    /// Neither a pipeline nor a subscriber.
    Bare,
}

const SETUPS: [Setup; 4] = [Setup::Measured, Setup::SecondLayer, Setup::Filtered, Setup::Bare];

/// Runs all pairs, and prints the differences; each line begins with the id of its pair.
pub fn run(pairs: &[Pair]) -> std::process::ExitCode {
    std::panic::set_hook(Box::new(|_| {}));
    let mut compared = 0;
    for pair in pairs {
        for (way, case) in pair.cases.iter().enumerate() {
            for setup in SETUPS {
                compared += 1;
                for line in compare(pair, way, case, setup) {
                    println!("pair {}\t{} ({setup:?}): {line}", pair.id, case.call);
                }
            }
        }
    }
    println!("compared {compared}");
    std::process::ExitCode::SUCCESS
}

fn compare(pair: &Pair, way: usize, case: &Case, setup: Setup) -> Vec<String> {
    let (plain, _, _) = observe(pair.plain, way, setup);
    let (annotated, captured, spans) = observe(pair.annotated, way, setup);
    let mut wrong = Vec::new();
    if plain.value != annotated.value {
        wrong.push(format!("the value differs: {:?} without the attribute, {:?} with it", plain.value, annotated.value));
    }
    if plain.journal != annotated.journal {
        wrong.push(format!(
            "the side effects differ:\n    without {}\n    with    {}",
            plain.journal.join(", "),
            annotated.journal.join(", "),
        ));
    }
    let expected = &pair.expected;
    wrong.extend(spans);
    match captured {
        Some(captured) => wrong.extend(measured(expected, case, setup, &captured)),
        None => wrong.extend(evaluated(0, 0, "without a pipeline")),
    }
    wrong
}

/// Runs one call; returns its behaviour, what was captured, and the spans that it left open.
fn observe(drive: fn(usize) -> String, way: usize, setup: Setup) -> (Observed, Option<Captured>, Vec<String>) {
    JOURNAL.take();
    COUNTED.take();
    let open = Arc::new(Open::default());
    let call = || catch_unwind(AssertUnwindSafe(|| drive(way)));
    let registry = tracing_subscriber::registry();
    let (value, captured) = match setup {
        Setup::Measured => captured(Capture::new(), call),
        Setup::SecondLayer => {
            let layers = registry.with(ragspan::layer()).with(OpenSpanLayer(Arc::clone(&open)));
            captured(Capture::new().under(layers), call)
        }
        Setup::Filtered => {
            let layers = registry.with(tracing::level_filters::LevelFilter::OFF).with(ragspan::layer());
            captured(Capture::new().under(layers), call)
        }
        Setup::Bare => (call(), None),
    };
    let value = value.map_err(|panic| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => panic.downcast::<&str>().map_or_else(|_| "?".to_owned(), |text| (*text).to_owned()),
    });
    (Observed { value, journal: JOURNAL.take() }, captured, open.problems())
}

fn captured<R>(capture: Capture, body: impl FnOnce() -> R) -> (R, Option<Captured>) {
    let (value, captured) = capture.run(body);
    (value, Some(captured))
}

fn measured(expected: &Expected, case: &Case, setup: Setup, captured: &Captured) -> Vec<String> {
    let ended = captured.records().iter().filter(|record| !record["context"]["status"].is_null());
    // A call whose span is disabled is recorded from WARNING on.
    let hidden = |status: &str| match (setup, status) {
        (Setup::Filtered, "error" | "panic") => expected.levels.1 == "INFO",
        (Setup::Filtered, "empty") => false,
        (Setup::Filtered, _) => expected.levels.0 != "WARNING" || status == "cancelled",
        _ => false,
    };
    let visible: Vec<&str> = case.statuses.iter().copied().filter(|status| !hidden(status)).collect();
    let ended: Vec<&Value> = ended.collect();
    let statuses: Vec<&str> = ended.iter().filter_map(|record| record["context"]["status"].as_str()).collect();
    let mut wrong = Vec::new();
    if statuses != visible {
        wrong.push(format!("it is recorded as {statuses:?}, not as {visible:?}: {:?}", captured.messages()));
    }
    wrong.extend(ended.iter().flat_map(|record| recorded(expected, case, record)));
    wrong.extend(counts(expected, case, captured));
    wrong.extend(evaluated(
        expected.counted_call * case.statuses.len() as u64,
        expected.counted_success * case.values,
        "with a pipeline",
    ));
    wrong
}

/// Returns the problems of one completion record.
fn recorded(expected: &Expected, case: &Case, record: &Value) -> Vec<String> {
    let status = record["context"]["status"].as_str().unwrap_or_default();
    let (ending, level) = match status {
        "success" => ("_complete", expected.levels.0),
        "empty" => ("_empty", "WARNING"),
        "error" => ("_failed", expected.levels.1),
        "panic" => ("_panicked", "ERROR"),
        _ => ("_cancelled", "INFO"),
    };
    let mut wrong = Vec::new();
    let message = record["message"].as_str().unwrap_or_default();
    let named = expected.operation.is_none_or(|operation| message == format!("{operation}{ending}"));
    if !message.ends_with(ending) || !named {
        wrong.push(format!("the message of the {status} is {message}"));
    }
    // An error that passes through several calls is an ERROR only in the call that it originates in.
    if case.statuses.len() == 1 && record["level"] != level {
        wrong.push(format!("{message} has the level {}, not {level}", record["level"]));
    }
    let success = if status == "success" && case.values > 0 { expected.success_fields } else { &[] };
    for field in expected.call_fields.iter().chain(success) {
        let (inside, name) = field.strip_prefix("metrics.").map_or(("context", *field), |name| ("metrics", name));
        if record[inside][name].is_null() {
            wrong.push(format!("{message} has no {field}: {record}"));
        }
    }
    wrong
}

fn counts(expected: &Expected, case: &Case, captured: &Captured) -> Vec<String> {
    let mut wrong = Vec::new();
    let gauge = captured.metric("rag_active_queries", &[("layer", expected.layer)]);
    let idle = if case.statuses.is_empty() { gauge.unwrap_or(0.0) } else { gauge.unwrap_or(f64::NAN) };
    if idle != 0.0 {
        wrong.push(format!("the gauge of active queries is at {gauge:?}"));
    }
    let requests: f64 = ["success", "error", "empty", "cancelled", "panic"]
        .iter()
        .filter_map(|status| captured.metric("rag_requests_total", &[("layer", expected.layer), ("status", status)]))
        .sum();
    // A call below a call of the same layer is not counted as a request.
    if (requests == 0.0) != case.statuses.is_empty() || requests > case.statuses.len() as f64 {
        wrong.push(format!("{requests} requests are counted for {} calls", case.statuses.len()));
    }
    wrong
}

fn evaluated(call: u64, success: u64, when: &str) -> Vec<String> {
    let counted = COUNTED.take();
    let count = |field: &str| counted.get(field).copied().unwrap_or(0);
    let mut wrong = Vec::new();
    if count("call") != call {
        wrong.push(format!("a field of the call is evaluated {} times, not {call}, {when}", count("call")));
    }
    if count("ok") != success {
        wrong.push(format!("a field of the value is evaluated {} times, not {success}, {when}", count("ok")));
    }
    wrong
}

/// Numbers of open and of entered spans.
#[derive(Debug, Default)]
struct Open {
    spans: AtomicI64,
    entered: AtomicI64,
}

impl Open {
    fn problems(&self) -> Vec<String> {
        let left = |name: &str, count: &AtomicI64| match count.load(Ordering::Relaxed) {
            0 => None,
            count => Some(format!("{count} spans are still {name}")),
        };
        left("open", &self.spans).into_iter().chain(left("entered", &self.entered)).collect()
    }
}

/// A layer that counts open and entered spans.
struct OpenSpanLayer(Arc<Open>);

impl<S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>> Layer<S> for OpenSpanLayer {
    fn on_new_span(
        &self,
        _: &tracing::span::Attributes<'_>,
        _: &tracing::Id,
        _: tracing_subscriber::layer::Context<'_, S>,
    ) {
        self.0.spans.fetch_add(1, Ordering::Relaxed);
    }

    fn on_enter(&self, _: &tracing::Id, _: tracing_subscriber::layer::Context<'_, S>) {
        self.0.entered.fetch_add(1, Ordering::Relaxed);
    }

    fn on_exit(&self, _: &tracing::Id, _: tracing_subscriber::layer::Context<'_, S>) {
        self.0.entered.fetch_sub(1, Ordering::Relaxed);
    }

    fn on_close(&self, _: tracing::Id, _: tracing_subscriber::layer::Context<'_, S>) {
        self.0.spans.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts calls on this thread, for shapes that need thread-local state.
pub fn tick() -> u8 {
    TICKS.with(|ticks| {
        ticks.set(ticks.get().wrapping_add(1));
        ticks.get()
    })
}
