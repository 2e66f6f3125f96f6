//! The words of RAG as calls of one line: what happens inside an annotated function and is more than a field.
//!
//! Each is counted, and kept for the completion record of the nearest annotated call around it; some leave a record of their
//! own. Where nothing was started they do nothing, and outside any call they are only counted.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock;
use crate::context::carrier::{self, Inherited};
use crate::context::{Layer, SpanId, TraceId};
use crate::dispatch::{self, Handle};
use crate::metrics::{Exemplar, Verdict};
use crate::privacy::redact;
use crate::record::{Kind, Level, TOTAL_BUDGET};
use crate::value::{Fields, Value};

/// Names of scores beyond the known ones that are kept; those after them are one.
const MAX_NAMES: usize = 256;

/// Records a value in the nearest annotated call or manual span around the code that runs here: text, a number or a boolean as it is,
/// another by [`tracing::field::display`] or [`tracing::field::debug`].
///
/// It stands in the `context` of the call's completion under its key, or among its `metrics` if the key is `metrics.` and a name and
/// the value a number. Of one key the last value counts. A call that a filter hides is passed over, and where there is none the value is
/// dropped; a manual span that may be hidden is better told by its [handle](crate::Span).
///
/// ```
/// fn chunk(pages: &[&str]) -> usize {
///     ragspan::record("metrics.pages", pages.len());
///     pages.len() * 2
/// }
///
/// #[ragspan::rag_span(layer = "ingestion")]
/// fn ingest(file: &str) -> usize {
///     ragspan::record("format", "markdown");
///     chunk(&[file])
/// }
///
/// let (_, seen) = ragspan::testing::capture(|| ingest("# Bees"));
/// let record = seen.record("ingest_complete");
/// assert_eq!(record["context"]["format"], "markdown");
/// assert_eq!(record["metrics"]["pages"], 1);
/// ```
pub fn record(key: &'static str, value: impl tracing::Value) {
    if dispatch::current().is_none() {
        return;
    }
    // What is printed here is the user's `Debug`, so no lock is held.
    let mut told = Fields::default();
    told.capture(key, &value);
    carrier::add_late_here(|late| late.set(key, &told));
}

/// Says that something is tried again: the `n`th attempt, from 2 on, and why.
///
/// Leaves a WARNING record, counts in `rag_retries_total`, and the call's completion tells its `attempts`.
///
/// ```
/// #[ragspan::rag_span(layer = "generation")]
/// fn generate() {
///     ragspan::attempt(2, "rate_limit");
/// }
///
/// let (_, seen) = ragspan::testing::capture(generate);
/// assert_eq!(seen.record("retrying")["level"], "WARNING");
/// assert_eq!(seen.record("generate_complete")["metrics"]["attempts"], 2);
/// ```
pub fn attempt(n: u32, reason: &str) {
    attempt_after(n, reason, Duration::ZERO);
}

/// The same after a wait, which the completion tells apart from the time of service, in `retry_wait_ms`.
///
/// This is what a crate for retries calls back, as `backon` does with `notify`:
///
/// ```
/// # use std::time::Duration;
/// let mut attempts = 1;
/// let mut notify = |error: &std::io::Error, wait: Duration| {
///     attempts += 1;
///     ragspan::attempt_after(attempts, &error.kind().to_string(), wait);
/// };
/// # notify(&std::io::ErrorKind::TimedOut.into(), Duration::from_millis(100));
/// ```
pub fn attempt_after(n: u32, reason: &str, waited: Duration) {
    let Some(here) = Here::find() else { return };
    let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
    let operation = here.above.origin.map_or("", |origin| origin.operation);
    let registry = here.handle.registry();
    registry.retry(operation, reason, &here.exemplar());
    if let Some(trace) = &here.above.trace {
        trace.sums.retry();
    }
    here.keep(|late| {
        late.push("metrics.attempts", Value::U64(n.into()));
        let before = late.number("metrics.retry_wait_ms").unwrap_or_default();
        if let Value::F64(wait) = Value::millis(micros)
            && micros > 0
        {
            late.push("metrics.retry_wait_ms", Value::F64(before + wait));
        }
    });
    here.leave(Level::Warning, "retrying", |fields| {
        fields.push("attempt", Value::U64(n.into()));
        fields.push_text("reason", reason);
        if micros > 0 {
            fields.push("metrics.wait_ms", Value::millis(micros));
        }
    });
}

/// Says that one thing is used instead of another: a smaller model, a second index.
///
/// Leaves a WARNING record, counts in `rag_fallbacks_total`, and the call's completion tells what it fell back to.
///
/// ```
/// ragspan::fallback("gpt-4o", "gpt-4o-mini", "rate_limit");
/// ```
pub fn fallback(from: &str, to: &str, reason: &str) {
    let Some(here) = Here::find() else { return };
    let registry = here.handle.registry();
    registry.fallback(from, to, &here.exemplar());
    here.keep(|late| late.push_text("fallback_to", to));
    here.leave(Level::Warning, "fallback", |fields| {
        fields.push_text("from", from);
        fields.push_text("to", to);
        fields.push_text("reason", reason);
    });
}

/// Counts a lookup that a cache has answered, and marks the call with it. Tokens of an answer from a cache were not spent.
///
/// ```
/// ragspan::cache_hit("embeddings");
/// ```
pub fn cache_hit(cache: &str) {
    looked_up(cache, true);
}

/// Counts a lookup that a cache could not answer, and marks the call with it.
pub fn cache_miss(cache: &str) {
    looked_up(cache, false);
}

fn looked_up(cache: &str, hit: bool) {
    let Some(here) = Here::find() else { return };
    let (registry, exemplar) = (here.handle.registry(), here.exemplar());
    let sums = here.above.trace.as_deref().map(|trace| &trace.sums);
    if hit {
        registry.cache_hit(cache, &exemplar);
        sums.inspect(|sums| sums.cache_hit());
    } else {
        registry.cache_miss(cache, &exemplar);
        sums.inspect(|sums| sums.cache_miss());
    }
    here.keep(|late| {
        late.push_text("cache", cache);
        late.push("cache_hit", Value::Bool(hit));
    });
}

/// Sets how many bytes a cache holds.
pub fn cache_size(cache: &str, bytes: u64) {
    if let Some(handle) = dispatch::current() {
        handle.registry().cache_size(cache, bytes);
    }
}

/// Sets how many connections of a pool are in use.
pub fn connections(pool: &str, count: u64) {
    if let Some(handle) = dispatch::current() {
        handle.registry().connections(pool, count);
    }
}

/// Records a score of an evaluation, between 0 and 1, under the name of its metric: `rag_evaluation_score`, and a metric of
/// the call. A score that is NaN is none.
///
/// ```
/// #[ragspan::rag_span(layer = "evaluation")]
/// fn evaluate() {
///     ragspan::evaluation("faithfulness", 0.94);
/// }
///
/// let (_, seen) = ragspan::testing::capture(evaluate);
/// assert_eq!(seen.record("evaluate_complete")["metrics"]["faithfulness"], 0.94);
/// ```
pub fn evaluation(metric: &str, score: f64) {
    let Some(here) = Here::find() else { return };
    here.handle
        .registry()
        .evaluation(metric, score, &here.exemplar());
    here.keep(|late| late.push(score_field(metric), Value::F64(score)));
}

/// Counts claims of an answer that were checked against its sources, and those that no source supports.
pub fn claims(checked: u64, hallucinated: u64) {
    let Some(here) = Here::find() else { return };
    here.handle
        .registry()
        .claims(checked, hallucinated, &here.exemplar());
    here.keep(|late| {
        late.push("metrics.claims", Value::U64(checked));
        late.push("metrics.hallucinated_claims", Value::U64(hallucinated));
    });
}

/// Counts what somebody said of an answer.
pub fn feedback(key: &str, verdict: Verdict) {
    let Some(here) = Here::find() else { return };
    here.handle
        .registry()
        .feedback(key, verdict, &here.exemplar());
}

/// Says how a budget of tokens is divided: an INFO record `token_budget_allocated`, and the numbers on the call. A call that
/// tells its `usage` then also tells how much of the budget its prompt took, in `rag_context_fill_ratio`.
///
/// ```
/// ragspan::token_budget(128_000, 40, 2_000, 1_000);
/// ```
pub fn token_budget(total: u64, query: u64, context: u64, response: u64) {
    let Some(here) = Here::find() else { return };
    let numbers = [
        (TOTAL_BUDGET, total),
        ("metrics.allocated_query", query),
        ("metrics.allocated_context", context),
        ("metrics.allocated_response", response),
    ];
    let write = |fields: &mut Fields| {
        for (name, tokens) in numbers {
            fields.push(name, Value::U64(tokens));
        }
    };
    here.keep(write);
    here.leave(Level::Info, "token_budget_allocated", write);
}

/// The call around the code that runs here, and who listens.
struct Here {
    handle: Handle,
    above: Inherited,
}

impl Here {
    fn find() -> Option<Self> {
        let handle = dispatch::current()?;
        let above = carrier::current();
        Some(Self { handle, above })
    }

    fn exemplar(&self) -> Exemplar {
        let (trace, span) = self.above.ids.unzip();
        Exemplar {
            trace_id: trace.map_or([0; 16], TraceId::to_bytes),
            span_id: span.map_or([0; 16], SpanId::to_bytes),
            unix_ms: clock::now().unix_micros() / 1000,
        }
    }

    /// Keeps something for the completion of the call.
    fn keep(&self, add: impl FnOnce(&mut Fields)) {
        carrier::add_late_here(add);
    }

    /// Leaves a record of its own inside the call.
    fn leave(&self, level: Level, message: &str, write: impl FnOnce(&mut Fields)) {
        let origin = self.above.origin;
        let target = origin.map_or("ragspan", |origin| origin.module);
        if !self.handle.wants_event(level, target) {
            return;
        }
        let mut record = self.handle.blank();
        record.kind = Kind::Event;
        record.level = level;
        record.timestamp = clock::now().unix_micros();
        record.message = Some(record.fields.text.push(message));
        record.target = target;
        record.layer = origin.map(|origin| -> Layer { origin.layer });
        (record.trace_id, record.span_id) = self.above.ids.unzip();
        record.parent_span_id = self.above.parent;
        record.request = self.above.request();
        write(&mut record.fields);
        self.handle.push(record);
    }
}

/// The field of a score: names that the program makes up are kept for good, so there is a bound.
fn score_field(metric: &str) -> &'static str {
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    let name = format!("metrics.{metric}");
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    // It becomes the key of a record, which nobody looks at any more.
    let name = redact(&name).into_owned();
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    if names.len() >= MAX_NAMES {
        return "metrics.other_score";
    }
    let kept: &'static str = String::leak(name);
    names.insert(kept);
    kept
}
