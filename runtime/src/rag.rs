//! The words of RAG as calls of one line: what happens inside an annotated function and is more than a field.
//!
//! Each is counted, and kept for the completion record of the nearest annotated call around it; some leave a record of their
//! own. Where nothing was started they do nothing, and outside any call they are only counted.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock;
use crate::context::{Layer, SpanId, TraceId};
use crate::dispatch::{self, Handle};
use crate::metrics::Exemplar;
pub use crate::metrics::Verdict;
use crate::privacy::redact;
use crate::record::{Kind, Level, TOTAL_BUDGET};
use crate::trace::{self, Inherited};
use crate::value::{Fields, Value};

/// Names of scores beyond the known ones that are kept; those after them are one.
const MAX_NAMES: usize = 256;

/// Says that something is tried again: the `n`th attempt, from 2 on, and why.
///
/// Leaves a WARNING record, counts in `rag_retries_total`, and the call's completion tells its `attempts`.
///
/// ```
/// #[ragspan::rag_span(layer = "generation")]
/// fn generate() {
///     ragspan::rag::retry(2, "rate_limit");
/// }
///
/// let (_, seen) = ragspan::testing::capture(generate);
/// assert_eq!(seen.record("retrying")["level"], "WARNING");
/// assert_eq!(seen.record("generate_complete")["metrics"]["attempts"], 2);
/// ```
pub fn retry(n: u32, reason: &str) {
    retry_after(n, reason, Duration::ZERO);
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
///     ragspan::rag::retry_after(attempts, &error.kind().to_string(), wait);
/// };
/// # notify(&std::io::ErrorKind::TimedOut.into(), Duration::from_millis(100));
/// ```
pub fn retry_after(n: u32, reason: &str, waited: Duration) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    let micros = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
    let operation = call
        .above
        .callsite
        .map_or("", |callsite| callsite.operation);
    let registry = call.handle.registry();
    registry.retry(operation, reason, &call.exemplar());
    if let Some(trace) = &call.above.trace {
        trace.sums.retry();
    }
    call.keep(|late| {
        late.push("metrics.attempts", Value::U64(n.into()));
        let before = late.number("metrics.retry_wait_ms").unwrap_or_default();
        if let Value::F64(wait) = Value::millis(micros)
            && micros > 0
        {
            late.push("metrics.retry_wait_ms", Value::F64(before + wait));
        }
    });
    call.leave(Level::Warning, "retrying", |fields| {
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
/// ragspan::rag::fallback("gpt-4o", "gpt-4o-mini", "rate_limit");
/// ```
pub fn fallback(from: &str, to: &str, reason: &str) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    let registry = call.handle.registry();
    registry.fallback(from, to, &call.exemplar());
    call.keep(|late| late.push_text("fallback_to", to));
    call.leave(Level::Warning, "fallback", |fields| {
        fields.push_text("from", from);
        fields.push_text("to", to);
        fields.push_text("reason", reason);
    });
}

/// Counts a lookup that a cache has answered, and marks the call with it. Tokens of an answer from a cache were not spent.
///
/// ```
/// ragspan::rag::cache_hit("embeddings");
/// ```
pub fn cache_hit(cache: &str) {
    looked_up(cache, true);
}

/// Counts a lookup that a cache could not answer, and marks the call with it.
pub fn cache_miss(cache: &str) {
    looked_up(cache, false);
}

fn looked_up(cache: &str, hit: bool) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    let (registry, exemplar) = (call.handle.registry(), call.exemplar());
    let sums = call.above.trace.as_deref().map(|trace| &trace.sums);
    if hit {
        registry.cache_hit(cache, &exemplar);
        sums.inspect(|sums| sums.cache_hit());
    } else {
        registry.cache_miss(cache, &exemplar);
        sums.inspect(|sums| sums.cache_miss());
    }
    call.keep(|late| {
        late.push_text("cache", cache);
        late.push("cache_hit", Value::Bool(hit));
    });
}

/// Sets how many bytes a cache holds.
pub fn set_cache_size(cache: &str, bytes: u64) {
    if let Some(handle) = dispatch::current() {
        handle.registry().cache_size(cache, bytes);
    }
}

/// Sets how many connections of a pool are in use.
pub fn set_active_connections(pool: &str, count: u64) {
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
///     ragspan::rag::record_score("faithfulness", 0.94);
/// }
///
/// let (_, seen) = ragspan::testing::capture(evaluate);
/// assert_eq!(seen.record("evaluate_complete")["metrics"]["faithfulness"], 0.94);
/// ```
pub fn record_score(metric: &str, score: f64) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    call.handle
        .registry()
        .evaluation(metric, score, &call.exemplar());
    call.keep(|late| late.push(score_field(metric), Value::F64(score)));
}

/// Counts claims of an answer that were checked against its sources, and those that no source supports.
pub fn record_claims(checked: u64, hallucinated: u64) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    call.handle
        .registry()
        .claims(checked, hallucinated, &call.exemplar());
    call.keep(|late| {
        late.push("metrics.claims", Value::U64(checked));
        late.push("metrics.hallucinated_claims", Value::U64(hallucinated));
    });
}

/// Counts what somebody said of an answer.
pub fn feedback(key: &str, verdict: Verdict) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    call.handle
        .registry()
        .feedback(key, verdict, &call.exemplar());
}

/// Says how a budget of tokens is divided: an INFO record `token_budget_allocated`, and the numbers on the call. A call that
/// tells its `usage` then also tells how much of the budget its prompt took, in `rag_context_fill_ratio`.
///
/// ```
/// ragspan::rag::token_budget(128_000, 40, 2_000, 1_000);
/// ```
pub fn token_budget(total: u64, query: u64, context: u64, response: u64) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
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
    call.keep(write);
    call.leave(Level::Info, "token_budget_allocated", write);
}

/// The call around the code that runs here, and who listens.
struct EnclosingCall {
    handle: Handle,
    above: Inherited,
}

impl EnclosingCall {
    fn find() -> Option<Self> {
        let handle = dispatch::current()?;
        let above = trace::current();
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
        trace::record_late_in_enclosing(add);
    }

    /// Leaves a record of its own inside the call.
    fn leave(&self, level: Level, message: &str, write: impl FnOnce(&mut Fields)) {
        let callsite = self.above.callsite;
        let target = callsite.map_or("ragspan", |callsite| callsite.module);
        if !self.handle.wants_event(level, target) {
            return;
        }
        let mut record = self.handle.blank();
        record.kind = Kind::Event;
        record.level = level;
        record.timestamp = clock::now().unix_micros();
        record.message = Some(record.fields.text.push(message));
        record.target = target;
        record.layer = callsite.map(|callsite| -> Layer { callsite.layer });
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
