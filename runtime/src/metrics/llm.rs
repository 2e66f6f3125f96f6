//! Records the metrics of RAG events: tokens, cost, caches, retries, evaluations and feedback.

use std::borrow::Cow;

use super::exemplar::Exemplar;
use super::names::Name;
use super::number::steps;
use super::registry::Registry;
use crate::privacy::redact;
use ragspan_core::{Cost, Usage};

/// The most characters of a label value that the program chooses.
const MAX_LABEL_CHARS: usize = 64;

/// A user's verdict on an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// A good answer.
    Good,
    /// A bad answer.
    Bad,
    /// Neither good nor bad, or unknown.
    Neutral,
}

impl Verdict {
    /// Returns the value of the label.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Neutral => "neutral",
        }
    }
}

impl Registry {
    /// Counts the tokens of one call of a model, by kind, and its cost; without a known cost, the tokens count as
    /// unpriced, and no sum of dollars includes them.
    pub(crate) fn llm_call(
        &self,
        model: &str,
        layer: &str,
        (usage, cost): (&Usage, Option<Cost>),
        exemplar: &Exemplar,
    ) {
        let model = &label(model);
        for (kind, tokens) in usage.kinds().into_iter().filter(|(_, tokens)| *tokens > 0) {
            self.histogram(Name::TokenUsage, &[model, kind])
                .record(tokens, exemplar);
        }
        // The series exists from the first call on: a rate that begins with the first unpriced call would miss that
        // call.
        let unpriced = self.counter(Name::UnpricedTokens, &[model]);
        match cost {
            Some(cost) => self
                .counter(Name::Cost, &[model, layer])
                .add_with(cost.nano_dollars(), exemplar),
            None if usage.total() > 0 => unpriced.add_with(usage.total(), exemplar),
            None => {}
        }
    }

    /// Observes the cost of a whole request, at its root.
    pub(crate) fn request_cost(&self, layer: &str, cost: Cost, exemplar: &Exemplar) {
        self.histogram(Name::RequestCost, &[layer])
            .record(cost.nano_dollars(), exemplar);
    }

    /// Observes the time until a stream yielded its first item, in microseconds.
    pub(crate) fn first_item(
        &self,
        operation: &str,
        layer: &str,
        micros: u64,
        exemplar: &Exemplar,
    ) {
        self.histogram(Name::TimeToFirstItem, &[operation, layer])
            .record(micros, exemplar);
    }

    /// Observes the share of a model's context window that a call used; NaN is left out.
    pub(crate) fn context_fill(&self, model: &str, ratio: f64, exemplar: &Exemplar) {
        self.ratio(Name::ContextFill, &label(model), ratio, exemplar);
    }

    /// Observes a score of an evaluation; NaN is left out.
    pub(crate) fn evaluation(&self, metric: &str, score: f64, exemplar: &Exemplar) {
        self.ratio(Name::EvaluationScore, &label(metric), score, exemplar);
    }

    fn ratio(&self, name: Name, value: &str, ratio: f64, exemplar: &Exemplar) {
        if let Some(ratio) = steps(ratio, name.unit().steps()) {
            self.histogram(name, &[value]).record(ratio, exemplar);
        }
    }

    /// Counts checked claims, and those of them that no source supports: at most as many as were checked.
    pub(crate) fn claims(&self, checked: u64, hallucinated: u64, exemplar: &Exemplar) {
        // Both series exist from the first claim on, so that a rate of zero is one.
        self.counter(Name::Claims, &[]).add_with(checked, exemplar);
        self.counter(Name::HallucinatedClaims, &[])
            .add_with(hallucinated.min(checked), exemplar);
    }

    /// Counts a lookup that a cache answered.
    pub(crate) fn cache_hit(&self, cache: &str, exemplar: &Exemplar) {
        self.lookup(cache, [1, 0], exemplar);
    }

    /// Counts a lookup that a cache could not answer.
    pub(crate) fn cache_miss(&self, cache: &str, exemplar: &Exemplar) {
        self.lookup(cache, [0, 1], exemplar);
    }

    /// Both series exist from the first lookup on: else a cache that never hits has no ratio.
    fn lookup(&self, cache: &str, counts: [u64; 2], exemplar: &Exemplar) {
        let names = [Name::CacheHits, Name::CacheMisses];
        for (name, count) in names.into_iter().zip(counts) {
            let counter = self.counter(name, &[&label(cache)]);
            if count > 0 {
                counter.add_with(count, exemplar);
            }
        }
    }

    /// Sets how many bytes a cache holds.
    pub(crate) fn cache_size(&self, cache: &str, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.gauge(Name::CacheSize, &[&label(cache)]).set(bytes);
    }

    /// Sets how many connections of a pool are in use.
    pub(crate) fn connections(&self, pool: &str, count: u64) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.gauge(Name::ActiveConnections, &[&label(pool)])
            .set(count);
    }

    /// Counts ids of incoming requests that were rejected.
    pub(crate) fn propagation_rejected(&self, ids: u64) {
        self.counter(Name::PropagationRejected, &[]).add(ids);
    }

    /// Counts an attempt after the first.
    pub(crate) fn retry(&self, operation: &str, reason: &str, exemplar: &Exemplar) {
        self.counter(Name::Retries, &[operation, &label(reason)])
            .add_with(1, exemplar);
    }

    /// Counts a fallback from one thing to another.
    pub(crate) fn fallback(&self, from: &str, to: &str, exemplar: &Exemplar) {
        self.counter(Name::Fallbacks, &[&label(from), &label(to)])
            .add_with(1, exemplar);
    }

    /// Counts one verdict of a user or grader.
    pub(crate) fn feedback(&self, key: &str, verdict: Verdict, exemplar: &Exemplar) {
        self.counter(Name::Feedback, &[&label(key), verdict.as_str()])
            .add_with(1, exemplar);
    }
}

/// Truncates a label value. The redaction rules run first, because they do not match a truncated secret.
fn label(name: &str) -> Cow<'_, str> {
    if name.char_indices().nth(MAX_LABEL_CHARS).is_none() {
        return name.into();
    }
    redact(name)
        .chars()
        .take(MAX_LABEL_CHARS)
        .collect::<String>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXEMPLAR: Exemplar = Exemplar {
        trace_id: [1; 16],
        span_id: [2; 16],
        unix_ms: 5_000,
    };

    #[test]
    fn tokens_are_counted_by_kind_and_cost_to_the_nano_dollar() {
        let registry = Registry::new();
        let usage = Usage::new(400, 120).with_cached_input(600);
        let call = (&usage, Some(Cost::from_nano_dollars(177_000)));
        registry.llm_call("small-1", "generation", call, &EXEMPLAR);
        registry.llm_call("small-1", "generation", call, &EXEMPLAR);
        let kind = |suffix: &str, kind| {
            let name = format!("rag_token_usage_{suffix}");
            registry.value(&name, &[("model", "small-1"), ("kind", kind)])
        };
        assert_eq!(kind("sum", "cached_input"), Some(1_200.0));
        assert_eq!(kind("count", "output"), Some(2.0));
        assert_eq!(kind("count", "reasoning"), None);
        let labels = [("model", "small-1"), ("layer", "generation")];
        assert_eq!(
            registry.value("rag_cost_usd_total", &labels),
            Some(0.000_354)
        );
        let unpriced = [("model", "small-1")];
        assert_eq!(
            registry.value("rag_unpriced_tokens_total", &unpriced),
            Some(0.0)
        );
    }

    #[test]
    fn tokens_without_a_price_are_counted_apart() {
        let registry = Registry::new();
        for usage in [Usage::new(10, 5).with_reasoning(1), Usage::default()] {
            registry.llm_call("new-1", "generation", (&usage, None), &EXEMPLAR);
        }
        assert_eq!(
            registry.value("rag_unpriced_tokens_total", &[("model", "new-1")]),
            Some(16.0)
        );
        let labels = [("model", "new-1"), ("layer", "generation")];
        assert_eq!(registry.value("rag_cost_usd_total", &labels), None);
    }

    /// A name, its labels, its value.
    type Expected<'a> = (&'a str, &'a [(&'a str, &'a str)], f64);

    #[test]
    fn every_call_has_its_series() {
        let registry = Registry::new();
        registry.request_cost("api", Cost::from_nano_dollars(2_000_000), &EXEMPLAR);
        registry.first_item("stream", "generation", 250_000, &EXEMPLAR);
        registry.context_fill("small-1", 0.5, &EXEMPLAR);
        registry.evaluation("faithfulness", 0.9, &EXEMPLAR);
        registry.cache_hit("embeddings", &EXEMPLAR);
        registry.cache_size("embeddings", 4_096);
        registry.connections("postgres", 7);
        registry.retry("answer", "rate_limit", &EXEMPLAR);
        registry.fallback("large-1", "small-1", &EXEMPLAR);
        registry.feedback("thumbs", Verdict::Bad, &EXEMPLAR);
        let operation = [("operation", "stream"), ("layer", "generation")];
        let cache = [("cache", "embeddings")];
        let expected: [Expected<'_>; 11] = [
            ("rag_request_cost_usd_sum", &[("layer", "api")], 0.002),
            ("rag_time_to_first_item_ms_sum", &operation, 250.0),
            ("rag_context_fill_ratio_sum", &[("model", "small-1")], 0.5),
            (
                "rag_evaluation_score_sum",
                &[("metric", "faithfulness")],
                0.9,
            ),
            ("rag_cache_hits_total", &cache, 1.0),
            ("rag_cache_misses_total", &cache, 0.0),
            ("rag_cache_size_bytes", &cache, 4_096.0),
            ("rag_active_connections", &[("pool", "postgres")], 7.0),
            (
                "rag_retries_total",
                &[("operation", "answer"), ("reason", "rate_limit")],
                1.0,
            ),
            (
                "rag_fallbacks_total",
                &[("from", "large-1"), ("to", "small-1")],
                1.0,
            ),
            (
                "rag_feedback_total",
                &[("key", "thumbs"), ("verdict", "bad")],
                1.0,
            ),
        ];
        for (name, labels, value) in expected {
            assert_eq!(registry.value(name, labels), Some(value), "{name}");
        }
    }

    #[test]
    fn each_verdict_has_its_own_series() {
        let registry = Registry::new();
        for (times, verdict) in (1_u32..).zip([Verdict::Good, Verdict::Bad, Verdict::Neutral]) {
            (0..times).for_each(|_| registry.feedback("thumbs", verdict, &EXEMPLAR));
            let labels = [("key", "thumbs"), ("verdict", verdict.as_str())];
            let value = registry.value("rag_feedback_total", &labels);
            assert_eq!(value, Some(f64::from(times)));
        }
    }

    #[test]
    fn a_score_that_is_nan_is_left_out() {
        let registry = Registry::new();
        registry.evaluation("faithfulness", f64::NAN, &EXEMPLAR);
        registry.context_fill("small-1", f64::NAN, &EXEMPLAR);
        assert_eq!(registry.snapshot(), []);
    }

    #[test]
    fn there_are_never_more_hallucinated_claims_than_claims() {
        let registry = Registry::new();
        registry.claims(0, 0, &EXEMPLAR);
        registry.claims(3, 9, &EXEMPLAR);
        assert_eq!(registry.value("rag_claims_total", &[]), Some(3.0));
        assert_eq!(
            registry.value("rag_hallucinated_claims_total", &[]),
            Some(3.0)
        );
    }

    #[test]
    fn a_cache_that_never_hits_has_a_ratio() {
        let registry = Registry::new();
        registry.cache_miss("answers", &EXEMPLAR);
        let cache = [("cache", "answers")];
        assert_eq!(registry.value("rag_cache_hits_total", &cache), Some(0.0));
        assert_eq!(registry.value("rag_cache_misses_total", &cache), Some(1.0));
    }

    #[test]
    fn counters_and_buckets_have_the_exemplar() {
        let registry = Registry::new();
        registry.retry("answer", "timeout", &EXEMPLAR);
        registry.evaluation("faithfulness", 0.9, &EXEMPLAR);
        let shown = registry.render_openmetrics();
        assert_eq!(shown.matches("# {trace_id=\"01010101-").count(), 2);
    }

    #[test]
    fn a_long_name_is_cut() {
        let registry = Registry::new();
        let (long, cut) = ("é".repeat(200), "é".repeat(MAX_LABEL_CHARS));
        registry.retry("answer", &long, &EXEMPLAR);
        let labels = [("operation", "answer"), ("reason", cut.as_str())];
        assert_eq!(registry.value("rag_retries_total", &labels), Some(1.0));
        assert_eq!(label("short"), "short");
    }
}
