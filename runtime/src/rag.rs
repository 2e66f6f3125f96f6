//! Records RAG events of the enclosing annotated call, one function per kind of event.
//!
//! Each event is counted in a metric and added to the completion record of the nearest enclosing call; some events also
//! emit a record of their own. Before [`start`](crate::start) the functions do nothing, and outside a call they only
//! count.

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
use ragspan_core::record::{SCORE_RECORDED, keys};

/// The most names of scores that get a field of their own; further ones share the field `other_score`.
const MAX_NAMES: usize = 256;

/// Records a retry: the number of the attempt, from 2 on, and its reason.
///
/// Emits a WARNING record `retrying`, counts in `rag_retries_total`, and adds `attempts` to the call's completion
/// record.
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

/// Records a retry after a wait, as [`retry`] does, and adds the wait to `retry_wait_ms` of the call's completion
/// record.
///
/// Call it from the callback of a crate for retries, such as `notify` of `backon`:
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
        .inherited
        .callsite
        .map_or("", |callsite| callsite.operation);
    let registry = call.handle.registry();
    registry.retry(operation, reason, &call.exemplar());
    if let Some(trace) = &call.inherited.trace {
        trace.sums.retry();
    }
    call.add_to_completion(|late| {
        late.set_value(keys::ATTEMPTS.field, Value::U64(n.into()));
        let before = late.number(keys::RETRY_WAIT_MS.field).unwrap_or_default();
        if let Value::F64(wait) = Value::millis(micros)
            && micros > 0
        {
            late.set_value(keys::RETRY_WAIT_MS.field, Value::F64(before + wait));
        }
    });
    call.emit_record(Level::Warning, "retrying", |fields| {
        fields.push(keys::ATTEMPT.field, Value::U64(n.into()));
        fields.push_text(keys::REASON.field, reason);
        if micros > 0 {
            fields.push(keys::WAIT_MS.field, Value::millis(micros));
        }
    });
}

/// Records a fallback: `to` is used in the place of `from`, such as a smaller model or a second index.
///
/// Emits a WARNING record `fallback`, counts in `rag_fallbacks_total`, and adds `fallback_to` to the call's completion
/// record.
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
    call.add_to_completion(|late| late.set_text(keys::FALLBACK_TO.field, to));
    call.emit_record(Level::Warning, "fallback", |fields| {
        fields.push_text(keys::FROM.field, from);
        fields.push_text(keys::TO.field, to);
        fields.push_text(keys::REASON.field, reason);
    });
}

/// Records a cache hit: counts it, and adds `cache` and `cache_hit` to the call's completion record.
///
/// The tokens of a cached answer were not spent, so do not record usage for them.
///
/// ```
/// ragspan::rag::cache_hit("embeddings");
/// ```
pub fn cache_hit(cache: &str) {
    cache_lookup(cache, true);
}

/// Records a cache miss: counts it, and adds `cache` and `cache_hit` to the call's completion record.
///
/// ```
/// #[ragspan::rag_span(layer = "retrieval")]
/// fn embed() {
///     ragspan::rag::cache_miss("embeddings");
/// }
///
/// let ((), seen) = ragspan::testing::capture(embed);
/// assert_eq!(seen.record("embed_complete")["context"]["cache_hit"], false);
/// ```
pub fn cache_miss(cache: &str) {
    cache_lookup(cache, false);
}

fn cache_lookup(cache: &str, hit: bool) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    let (registry, exemplar) = (call.handle.registry(), call.exemplar());
    let sums = call.inherited.trace.as_deref().map(|trace| &trace.sums);
    if hit {
        registry.cache_hit(cache, &exemplar);
        sums.inspect(|sums| sums.cache_hit());
    } else {
        registry.cache_miss(cache, &exemplar);
        sums.inspect(|sums| sums.cache_miss());
    }
    call.add_to_completion(|late| {
        late.set_text(keys::CACHE.field, cache);
        late.set_value(keys::CACHE_HIT.field, Value::Bool(hit));
    });
}

/// Sets the size of a cache in bytes, in `rag_cache_size_bytes`.
///
/// ```
/// let ((), seen) = ragspan::testing::capture(|| ragspan::rag::set_cache_size("embeddings", 4096));
/// assert_eq!(seen.metric("rag_cache_size_bytes", &[("cache", "embeddings")]), Some(4096.0));
/// ```
pub fn set_cache_size(cache: &str, bytes: u64) {
    if let Some(handle) = dispatch::current() {
        handle.registry().cache_size(cache, bytes);
    }
}

/// Sets the number of connections of a pool that are in use, in `rag_active_connections`.
///
/// ```
/// let ((), seen) = ragspan::testing::capture(|| ragspan::rag::set_active_connections("vectors", 3));
/// assert_eq!(seen.metric("rag_active_connections", &[("pool", "vectors")]), Some(3.0));
/// ```
pub fn set_active_connections(pool: &str, count: u64) {
    if let Some(handle) = dispatch::current() {
        handle.registry().connections(pool, count);
    }
}

/// Records a score of an evaluation, between 0 and 1, under the name of its metric.
///
/// Observes `rag_evaluation_score`, adds a metric to the completion of the enclosing call, and leaves an INFO record
/// `score_recorded`. A score that is NaN is not recorded.
///
/// ```
/// #[ragspan::rag_span(layer = "evaluation")]
/// fn evaluate() {
///     ragspan::rag::record_score("faithfulness", 0.94);
/// }
///
/// let (_, seen) = ragspan::testing::capture(evaluate);
/// assert_eq!(seen.record("evaluate_complete")["metrics"]["faithfulness"], 0.94);
/// let score = seen.record("score_recorded");
/// assert_eq!((&score["context"]["metric"], &score["metrics"]["score"]), (&"faithfulness".into(), &0.94.into()));
/// ```
pub fn record_score(metric: &str, score: f64) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    call.handle
        .registry()
        .evaluation(metric, score, &call.exemplar());
    call.add_to_completion(|late| late.set_value(score_field(metric), Value::F64(score)));
    if !score.is_nan() {
        call.emit_record(Level::Info, SCORE_RECORDED, |fields| {
            fields.push_text(keys::METRIC.field, metric);
            fields.push(keys::SCORE.field, Value::F64(score));
        });
    }
}

/// Counts claims of an answer that were checked against its sources, and those that no source supports.
///
/// Adds both numbers to the completion of the enclosing call, and leaves an INFO record `claims_recorded`.
pub fn record_claims(checked: u64, hallucinated: u64) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    call.handle
        .registry()
        .claims(checked, hallucinated, &call.exemplar());
    let write = |fields: &mut Fields| {
        fields.set_value(keys::CLAIMS.field, Value::U64(checked));
        fields.set_value(keys::HALLUCINATED_CLAIMS.field, Value::U64(hallucinated));
    };
    call.add_to_completion(write);
    call.emit_record(Level::Info, "claims_recorded", write);
}

/// Counts the feedback that somebody gave to an answer, and leaves an INFO record `feedback_recorded`.
pub fn feedback(key: &str, verdict: Verdict) {
    let Some(call) = EnclosingCall::find() else {
        return;
    };
    call.handle
        .registry()
        .feedback(key, verdict, &call.exemplar());
    call.emit_record(Level::Info, "feedback_recorded", |fields| {
        fields.push_text(keys::FEEDBACK_KEY.field, key);
        fields.push_text(keys::VERDICT.field, verdict.as_str());
    });
}

/// Records how a token budget is divided.
///
/// Emits an INFO record `token_budget_allocated`, and adds the numbers to the call's completion record. If the call
/// records its `usage`, the part of the budget that its prompt takes is recorded in `rag_context_fill_ratio`.
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
        (keys::ALLOCATED_QUERY.field, query),
        (keys::ALLOCATED_CONTEXT.field, context),
        (keys::ALLOCATED_RESPONSE.field, response),
    ];
    let add = |fields: &mut Fields| {
        for (name, tokens) in numbers {
            fields.set_value(name, Value::U64(tokens));
        }
    };
    call.add_to_completion(add);
    call.emit_record(Level::Info, "token_budget_allocated", add);
}

/// The nearest enclosing annotated call, and the pipeline that its events go to.
struct EnclosingCall {
    handle: Handle,
    /// The ids and the context of the call; empty outside any call.
    inherited: Inherited,
}

impl EnclosingCall {
    fn find() -> Option<Self> {
        let handle = dispatch::current()?;
        let inherited = trace::current();
        Some(Self { handle, inherited })
    }

    fn exemplar(&self) -> Exemplar {
        let (trace, span) = self.inherited.ids.unzip();
        Exemplar {
            trace_id: trace.map_or([0; 16], TraceId::to_bytes),
            span_id: span.map_or([0; 16], SpanId::to_bytes),
            unix_ms: clock::now().unix_micros() / 1000,
        }
    }

    /// Adds fields to the call's completion record.
    fn add_to_completion(&self, add: impl FnOnce(&mut Fields)) {
        trace::record_late_in_enclosing(add);
    }

    /// Emits an event's record inside the call.
    fn emit_record(&self, level: Level, message: &str, add: impl FnOnce(&mut Fields)) {
        let callsite = self.inherited.callsite;
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
        (record.trace_id, record.span_id) = self.inherited.ids.unzip();
        record.parent_span_id = self.inherited.parent;
        record.request = self.inherited.request();
        add(&mut record.fields);
        self.handle.push(record);
    }
}

/// Returns the record field of a score. Names are interned and never freed, so their number is bounded by
/// [`MAX_NAMES`].
fn score_field(metric: &str) -> &'static str {
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    let name = format!("metrics.{metric}");
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    // The name becomes the key of a record, and keys are not redacted later.
    let name = redact(&name).into_owned();
    if let Some(known) = names.get(name.as_str()) {
        return known;
    }
    if names.len() >= MAX_NAMES {
        return keys::OTHER_SCORE.field;
    }
    let field: &'static str = String::leak(name);
    names.insert(field);
    field
}
