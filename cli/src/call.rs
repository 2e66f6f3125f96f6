//! A call as the views show it: its operation, layer, outcome, error, and the values worth showing.

use ragspan_core::Outcome;
use ragspan_core::record::keys;
use ragspan_store::{Span, StoredRecord};
use serde_json::{Map, Value};

use crate::highlights;
use crate::style::Tone;
use crate::text::safe;

/// The ways in which a call can end, as the views distinguish them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallOutcome {
    Success,
    /// A success that took longer than its annotation allows.
    Slow,
    Empty,
    Cancelled,
    Failed,
    Panicked,
    /// Only the start of the call is recorded.
    Unfinished,
}

impl CallOutcome {
    pub(crate) const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Panicked)
    }

    pub(crate) const fn tone(self) -> Tone {
        match self {
            Self::Success => Tone::Good,
            Self::Slow | Self::Empty | Self::Unfinished => Tone::Odd,
            Self::Cancelled => Tone::Dim,
            Self::Failed | Self::Panicked => Tone::Bad,
        }
    }

    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Self::Success => "✓",
            Self::Slow => "◷",
            Self::Empty => "∅",
            Self::Cancelled => "⊘",
            Self::Failed | Self::Panicked => "✗",
            Self::Unfinished => "…",
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Slow => "slow",
            Self::Empty => "empty",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Unfinished => "unfinished",
        }
    }

    fn of(span: &Span) -> Self {
        match span.outcome {
            None => Self::Unfinished,
            Some(Outcome::Success) if span.is_slow => Self::Slow,
            Some(Outcome::Success) => Self::Success,
            Some(Outcome::Empty) => Self::Empty,
            Some(Outcome::Cancelled) => Self::Cancelled,
            Some(Outcome::Panic) => Self::Panicked,
            Some(_) => Self::Failed,
        }
    }
}

pub(crate) fn is_failure_level(level: &str) -> bool {
    matches!(level, "ERROR" | "CRITICAL")
}

/// The error of a record, safe to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallError {
    pub(crate) error_type: String,
    pub(crate) message: String,
    pub(crate) chain: Vec<String>,
}

impl CallError {
    pub(crate) fn of(record: &StoredRecord) -> Option<Self> {
        let error = record.span_error()?;
        Some(Self {
            error_type: safe(&error.error_type),
            message: safe(&error.message),
            chain: error.chain.iter().map(|cause| safe(cause)).collect(),
        })
    }
}

/// The record of a call, parsed and safe to print.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) operation: String,
    pub(crate) layer: String,
    pub(crate) outcome: CallOutcome,
    pub(crate) error: Option<CallError>,
    /// Set if the error began in another span, whose record has it in full.
    pub(crate) passes_error_on: bool,
    context: Map<String, Value>,
    metrics: Map<String, Value>,
}

impl Call {
    /// Reads the call from its record. The operation of an event is its message.
    pub(crate) fn of(record: &StoredRecord) -> Self {
        let span = record.span();
        let span = span.unwrap_or_else(|| Span::new(record.message.as_str()));
        Self::of_span(&span, record)
    }

    /// Reads the call from its span and its record.
    pub(crate) fn of_span(span: &Span, record: &StoredRecord) -> Self {
        Self {
            operation: safe(&span.operation),
            layer: safe(span.layer.as_deref().unwrap_or(&record.logger)),
            outcome: CallOutcome::of(span),
            error: CallError::of(record),
            passes_error_on: span.error_origin.is_some(),
            context: object(&record.context),
            metrics: object(&record.metrics),
        }
    }

    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).and_then(Value::as_f64)
    }

    /// Returns the values most worth showing, such as `15 chunks` and `best 0.81`.
    pub(crate) fn values(&self) -> Vec<String> {
        highlights::values(&self.context, &self.metrics)
    }

    /// Returns the cost as text.
    pub(crate) fn cost(&self) -> Option<String> {
        highlights::cost(&self.metrics)
    }

    /// Returns true for the record of a whole request, whose tokens and cost are the sums of its calls.
    pub(crate) fn is_request(&self) -> bool {
        self.metrics.contains_key(keys::LLM_CALLS.name)
    }

    /// Returns the tokens: the sum in the record, or else the sum of their kinds.
    pub(crate) fn tokens(&self) -> Option<f64> {
        let sum = self
            .metric(keys::TOTAL_TOKENS.name)
            .or_else(|| self.metric("tokens"));
        sum.or_else(|| self.own_tokens())
    }

    /// Returns the tokens of the call alone: the sum of their kinds.
    fn own_tokens(&self) -> Option<f64> {
        let kinds = TOKEN_KINDS.iter().filter_map(|kind| self.metric(kind));
        kinds.reduce(|sum, tokens| sum + tokens)
    }

    /// Returns the tokens and dollars that count for the layer of the call, so that each model call counts once: the sums
    /// of a request count for the layer that serves requests, and every other call counts only its own.
    pub(crate) fn layer_usage(&self) -> (Option<f64>, Option<f64>) {
        let cost = self.metric(keys::COST_USD.name);
        if !self.is_request() || self.layer == ENTRY_LAYER {
            return (self.tokens(), cost);
        }
        let own = self.own_tokens();
        // The cost of the request is the cost of this call if it made the only model call; otherwise its own is not known.
        let is_only_call = own.is_some() && self.metric(keys::LLM_CALLS.name) == Some(1.0);
        (own, cost.filter(|_| is_only_call))
    }

    /// Removes the context fields that all of these calls share: they describe the request, not a call.
    pub(crate) fn remove_shared(calls: &mut [Self]) {
        let [first, others @ ..] = calls else { return };
        // Two calls may share a value by chance.
        if others.len() < 2 {
            return;
        }
        let mut shared = first.context.clone();
        shared.retain(|name, value| {
            let is_shared = others
                .iter()
                .all(|call| call.context.get(name) == Some(value));
            is_shared && !highlights::is_reserved(name)
        });
        for call in calls {
            call.context.retain(|name, _| !shared.contains_key(name));
        }
    }

    /// Returns the limit that a slow call exceeded, in milliseconds.
    pub(crate) fn threshold(&self) -> Option<f64> {
        self.context
            .get(keys::THRESHOLD_MS.name)
            .and_then(Value::as_f64)
    }
}

/// The kinds of tokens, which do not overlap.
const TOKEN_KINDS: [&str; 5] = [
    keys::INPUT_TOKENS.name,
    keys::CACHED_INPUT_TOKENS.name,
    keys::CACHE_WRITE_TOKENS.name,
    keys::OUTPUT_TOKENS.name,
    keys::REASONING_TOKENS.name,
];

/// The layer that serves requests.
const ENTRY_LAYER: &str = "api";

fn object(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(message: &str, level: &str, context: &str, metrics: &str) -> Call {
        Call::of(&StoredRecord {
            message: message.into(),
            level: level.into(),
            logger: "rag.retrieval".into(),
            context: context.into(),
            metrics: metrics.into(),
            kind: "span".into(),
            duration_ms: Some(1.0),
            ..StoredRecord::default()
        })
    }

    #[test]
    fn the_outcome_is_read_from_the_status_or_else_the_message() {
        for (message, level, context, outcome) in [
            ("search_complete", "INFO", "{}", CallOutcome::Success),
            (
                "slow_search",
                "WARNING",
                r#"{"status":"success"}"#,
                CallOutcome::Slow,
            ),
            ("search_empty", "WARNING", "{}", CallOutcome::Empty),
            (
                "search_failed",
                "INFO",
                r#"{"status":"error"}"#,
                CallOutcome::Failed,
            ),
            ("search_cancelled", "INFO", "{}", CallOutcome::Cancelled),
            ("search_panicked", "ERROR", "{}", CallOutcome::Panicked),
            ("other", "CRITICAL", "not json", CallOutcome::Failed),
        ] {
            let call = call(message, level, context, "{}");
            assert_eq!(call.outcome, outcome, "{message}");
        }
    }

    #[test]
    fn values_that_all_calls_share_and_redacted_values_are_not_shown() {
        let with = |context: &str| call("a_complete", "INFO", context, "{}");
        let mut calls = [
            with(r#"{"plan":"free","top_k":5}"#),
            with(r#"{"plan":"free","key":"[redacted]"}"#),
            with(r#"{"plan":"free","top_k":7}"#),
        ];
        Call::remove_shared(&mut calls);
        let shown: Vec<_> = calls.iter().flat_map(Call::values).collect();
        assert_eq!(shown, ["top k 5", "top k 7"]);
    }

    #[test]
    fn the_operation_is_named_or_read_from_the_message() {
        assert_eq!(
            call("x_complete", "INFO", r#"{"operation":"a"}"#, "").operation,
            "a"
        );
        assert_eq!(call("slow_search", "INFO", "", "").operation, "search");
        assert_eq!(call("search_failed", "INFO", "", "").operation, "search");
    }

    #[test]
    fn the_two_most_informative_values_are_shown() {
        let metrics = r#"{"aaa":1,"best_score":0.81,"chunks":1500,"duration_ms":3}"#;
        let values = call("s_complete", "INFO", "{}", metrics).values();
        assert_eq!(values, ["1,500 chunks", "best 0.81"]);
        let values = call(
            "s",
            "INFO",
            r#"{"operation":"s","top_k":5,"status":"success"}"#,
            "",
        );
        assert_eq!(values.values(), ["top k 5"]);
        let money = call("s", "INFO", "{}", r#"{"cost_usd":0.0011,"rerank_ms":12}"#);
        assert_eq!(money.values(), ["$0.0011", "rerank 12 ms"]);
    }

    #[test]
    fn an_error_without_its_parts_is_none() {
        let record = |error: &str| StoredRecord {
            error: Some(error.into()),
            ..StoredRecord::default()
        };
        assert_eq!(CallError::of(&record("null")), None);
        let error = CallError::of(&record(r#"{"type":"t","message":"a\nb","chain":["c",1]}"#));
        let error = error.expect("an error");
        assert_eq!((error.message.as_str(), error.chain.len()), ("a\\nb", 1));
    }
}
