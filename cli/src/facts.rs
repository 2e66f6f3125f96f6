//! What a span's record says: its operation, layer, outcome, error, and the values worth showing.

use ragspan_store::StoredRecord;
use serde_json::{Map, Value};

use crate::style::Tone;
use crate::telling;
use crate::text::safe;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Slow,
    Empty,
    Cancelled,
    Failed,
    Panicked,
    /// There is a record of its start only.
    Unfinished,
}

impl Outcome {
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

    /// In a word.
    pub(crate) const fn word(self) -> &'static str {
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

    /// `status` where the record has it, else the message's form, else the level.
    fn of(row: &StoredRecord, context: &Map<String, Value>) -> Self {
        match context.get("status").and_then(Value::as_str) {
            Some("error") => Self::Failed,
            Some("panic") => Self::Panicked,
            Some("empty") => Self::Empty,
            Some("cancelled") => Self::Cancelled,
            _ => Self::of_message(row),
        }
    }

    fn of_message(row: &StoredRecord) -> Self {
        let ended = |end| row.message.ends_with(end);
        if row.message.starts_with("slow_") {
            Self::Slow
        } else if ended("_panicked") {
            Self::Panicked
        } else if ended("_failed") || is_failure_level(&row.level) {
            Self::Failed
        } else if ended("_empty") {
            Self::Empty
        } else if ended("_cancelled") {
            Self::Cancelled
        } else if row.duration_ms.is_none() {
            Self::Unfinished
        } else {
            Self::Success
        }
    }
}

pub(crate) fn is_failure_level(level: &str) -> bool {
    matches!(level, "ERROR" | "CRITICAL")
}

/// An error as a record carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) chain: Vec<String>,
}

impl Failure {
    pub(crate) fn of(row: &StoredRecord) -> Option<Self> {
        let value: Value = serde_json::from_str(row.error.as_deref()?).ok()?;
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(safe);
        let chain = value.get("chain").and_then(Value::as_array);
        Some(Self {
            kind: text("type")?,
            message: text("message").unwrap_or_default(),
            chain: chain
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(safe)
                .collect(),
        })
    }
}

/// A span's record, read.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) operation: String,
    pub(crate) layer: String,
    pub(crate) outcome: Outcome,
    pub(crate) failure: Option<Failure>,
    /// The failure was born in another span, which has it in full.
    pub(crate) passed_on: bool,
    context: Map<String, Value>,
    metrics: Map<String, Value>,
}

impl Facts {
    pub(crate) fn of(row: &StoredRecord) -> Self {
        let context = object(&row.context);
        Self {
            operation: operation(row, &context),
            layer: layer(row),
            outcome: Outcome::of(row, &context),
            failure: Failure::of(row),
            passed_on: context.contains_key("error_span_id"),
            metrics: object(&row.metrics),
            context,
        }
    }

    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.get(name).and_then(Value::as_f64)
    }

    /// The values that say most, such as `15 chunks` and `best 0.81`.
    pub(crate) fn values(&self) -> Vec<String> {
        telling::values(&self.context, &self.metrics)
    }

    /// What it cost, in words.
    pub(crate) fn cost(&self) -> Option<String> {
        telling::cost(&self.metrics)
    }

    /// Whether this is the record of a whole request: its tokens and cost are the sums of the calls in it.
    pub(crate) fn is_request(&self) -> bool {
        self.metrics.contains_key("llm_calls")
    }

    /// The tokens: the sum that the record gives, else that of its parts.
    pub(crate) fn tokens(&self) -> Option<f64> {
        let sum = self
            .metric("total_tokens")
            .or_else(|| self.metric("tokens"));
        sum.or_else(|| self.own_tokens())
    }

    /// The tokens of the call alone, by their kinds.
    fn own_tokens(&self) -> Option<f64> {
        let kinds = KINDS.iter().filter_map(|kind| self.metric(kind));
        kinds.reduce(|sum, tokens| sum + tokens)
    }

    /// Tokens and dollars as they count for the layer of the call, so that a call is counted once: the requests' sums stand
    /// with the layer that they come in by, and all others have only their own.
    pub(crate) fn spent(&self) -> (Option<f64>, Option<f64>) {
        let cost = self.metric("cost_usd");
        if !self.is_request() || self.layer == ENTRANCE {
            return (self.tokens(), cost);
        }
        let own = self.own_tokens();
        // What a request has spent itself is all of it, or it is not known apart from its calls'.
        let alone = own.is_some() && self.metric("llm_calls") == Some(1.0);
        (own, cost.filter(|_| alone))
    }

    /// Forgets the fields that all of these calls have alike: they are the request's, and say nothing of a call.
    pub(crate) fn forget_shared(calls: &mut [&mut Self]) {
        let [first, others @ ..] = calls else { return };
        // Of two calls it may be chance.
        if others.len() < 2 {
            return;
        }
        let mut shared = first.context.clone();
        shared.retain(|name, value| {
            let everywhere = others
                .iter()
                .all(|call| call.context.get(name) == Some(value));
            everywhere && !telling::is_ours(name)
        });
        for call in calls {
            call.context.retain(|name, _| !shared.contains_key(name));
        }
    }

    /// The limit that a slow call went over.
    pub(crate) fn threshold(&self) -> Option<f64> {
        self.context.get("threshold_ms").and_then(Value::as_f64)
    }
}

/// How tokens are counted: the kinds do not overlap.
const KINDS: [&str; 5] = [
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
];

/// The layer that requests come in by.
const ENTRANCE: &str = "api";

fn object(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn layer(row: &StoredRecord) -> String {
    safe(row.logger.strip_prefix("rag.").unwrap_or(&row.logger))
}

fn operation(row: &StoredRecord, context: &Map<String, Value>) -> String {
    match context.get("operation").and_then(Value::as_str) {
        Some(operation) => safe(operation),
        None => safe(without_outcome(&row.message)),
    }
}

fn without_outcome(message: &str) -> &str {
    const ENDS: [&str; 6] = [
        "_started",
        "_complete",
        "_empty",
        "_failed",
        "_cancelled",
        "_panicked",
    ];
    let message = message.strip_prefix("slow_").unwrap_or(message);
    ENDS.iter()
        .find_map(|end| message.strip_suffix(end))
        .unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(message: &str, level: &str, context: &str, metrics: &str) -> Facts {
        Facts::of(&StoredRecord {
            message: message.into(),
            level: level.into(),
            logger: "rag.retrieval".into(),
            context: context.into(),
            metrics: metrics.into(),
            duration_ms: Some(1.0),
            ..StoredRecord::default()
        })
    }

    #[test]
    fn the_outcome_is_the_status_else_the_message() {
        for (message, level, context, outcome) in [
            ("search_complete", "INFO", "{}", Outcome::Success),
            (
                "slow_search",
                "WARNING",
                r#"{"status":"success"}"#,
                Outcome::Slow,
            ),
            ("search_empty", "WARNING", "{}", Outcome::Empty),
            (
                "search_failed",
                "INFO",
                r#"{"status":"error"}"#,
                Outcome::Failed,
            ),
            ("search_cancelled", "INFO", "{}", Outcome::Cancelled),
            ("search_panicked", "ERROR", "{}", Outcome::Panicked),
            ("whatever", "CRITICAL", "not json", Outcome::Failed),
        ] {
            let facts = facts(message, level, context, "{}");
            assert_eq!(facts.outcome, outcome, "{message}");
        }
    }

    #[test]
    fn what_every_call_repeats_and_what_is_redacted_is_not_shown() {
        let call = |context: &str| facts("a_complete", "INFO", context, "{}");
        let mut calls = [
            call(r#"{"plan":"free","top_k":5}"#),
            call(r#"{"plan":"free","key":"[redacted]"}"#),
            call(r#"{"plan":"free","top_k":7}"#),
        ];
        Facts::forget_shared(&mut calls.iter_mut().collect::<Vec<_>>());
        let shown: Vec<_> = calls.iter().flat_map(Facts::values).collect();
        assert_eq!(shown, ["top k 5", "top k 7"]);
    }

    #[test]
    fn the_operation_is_named_or_read_from_the_message() {
        assert_eq!(
            facts("x_complete", "INFO", r#"{"operation":"a"}"#, "").operation,
            "a"
        );
        assert_eq!(facts("slow_search", "INFO", "", "").operation, "search");
        assert_eq!(facts("search_failed", "INFO", "", "").operation, "search");
    }

    #[test]
    fn telling_values_come_first_and_two_are_enough() {
        let metrics = r#"{"aaa":1,"best_score":0.81,"chunks":1500,"duration_ms":3}"#;
        let values = facts("s_complete", "INFO", "{}", metrics).values();
        assert_eq!(values, ["1,500 chunks", "best 0.81"]);
        let values = facts(
            "s",
            "INFO",
            r#"{"operation":"s","top_k":5,"status":"success"}"#,
            "",
        );
        assert_eq!(values.values(), ["top k 5"]);
        let money = facts("s", "INFO", "{}", r#"{"cost_usd":0.0011,"rerank_ms":12}"#);
        assert_eq!(money.values(), ["$0.0011", "rerank 12 ms"]);
    }

    #[test]
    fn an_error_without_its_parts_is_none() {
        let row = |error: &str| StoredRecord {
            error: Some(error.into()),
            ..StoredRecord::default()
        };
        assert_eq!(Failure::of(&row("null")), None);
        let failure = Failure::of(&row(r#"{"type":"t","message":"a\nb","chain":["c",1]}"#));
        let failure = failure.expect("an error");
        assert_eq!(
            (failure.message.as_str(), failure.chain.len()),
            ("a\\nb", 1)
        );
    }
}
