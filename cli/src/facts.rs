//! What a span's record says: its operation, layer, outcome, error, and the values worth showing.

use ragspan::store::Stored;
use serde_json::{Map, Value};

use crate::format::{dollars, duration, number};
use crate::style::Tone;
use crate::text::{columns, safe};

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
    fn of(row: &Stored, context: &Map<String, Value>) -> Self {
        match context.get("status").and_then(Value::as_str) {
            Some("error") => Self::Failed,
            Some("panic") => Self::Panicked,
            Some("empty") => Self::Empty,
            Some("cancelled") => Self::Cancelled,
            _ => Self::of_message(row),
        }
    }

    fn of_message(row: &Stored) -> Self {
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
    pub(crate) fn of(row: &Stored) -> Option<Self> {
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
    pub(crate) fn of(row: &Stored) -> Self {
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

    /// The metrics whose names pass.
    pub(crate) fn metrics_where(&self, passes: impl Fn(&str) -> bool) -> impl Iterator<Item = f64> {
        self.metrics
            .iter()
            .filter(move |(name, _)| passes(name))
            .filter_map(|(_, value)| value.as_f64())
    }

    /// The one or two values that say most, such as `chunks 15` and `best score 0.81`.
    pub(crate) fn values(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .metrics
            .keys()
            .filter(|name| *name != "duration_ms")
            .collect();
        names.sort_by_key(|name| rank(name));
        let metrics = names
            .into_iter()
            .filter_map(|name| shown(name, self.metrics.get(name)?));
        let context = self
            .context
            .iter()
            .filter(|(name, _)| !OURS.contains(&name.as_str()))
            .filter_map(|(name, value)| shown(name, value));
        metrics.chain(context).take(2).collect()
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
            everywhere && !OURS.contains(&name.as_str())
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

/// Fields of a span's context that say nothing beside its outcome.
const OURS: [&str; 5] = [
    "operation",
    "status",
    "error_span_id",
    "threshold_ms",
    "cancelled_by",
];

/// What tells most about a call, the most telling first; the others follow by name.
const TELLING: [&str; 15] = [
    "chunks",
    "chunks_retrieved",
    "hits",
    "results",
    "documents",
    "best_score",
    "score",
    "faithfulness",
    "time_to_first_item_ms",
    "first_token_ms",
    "total_tokens",
    "tokens",
    "output_tokens",
    "cost_usd",
    "attempts",
];

fn rank(name: &str) -> usize {
    TELLING
        .iter()
        .position(|telling| *telling == name)
        .unwrap_or(TELLING.len())
}

/// What stands in the place of a value that must not be shown; it says nothing of a call.
const REDACTED: &str = "[redacted]";

/// The longest text worth a place beside a bar.
const LONGEST: usize = 24;

fn shown(name: &str, value: &Value) -> Option<String> {
    let (unit, value) = match value {
        Value::Number(value) => quantity(name, value.as_f64()?),
        Value::String(text) if text != REDACTED && columns(text) <= LONGEST => ("", safe(text)),
        Value::Bool(value) => ("", value.to_string()),
        _ => return None,
    };
    let name = name.strip_suffix(unit).unwrap_or(name);
    let name = safe(name.strip_prefix("time_to_").unwrap_or(name)).replace('_', " ");
    Some(format!("{name} {value}"))
}

/// The end of the name that says the unit, and the value written with that unit.
fn quantity(name: &str, value: f64) -> (&'static str, String) {
    if name.ends_with("_ms") {
        ("_ms", duration(value))
    } else if name.ends_with("_usd") {
        ("_usd", dollars(value))
    } else {
        ("", number(value))
    }
}

fn object(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn layer(row: &Stored) -> String {
    safe(row.logger.strip_prefix("rag.").unwrap_or(&row.logger))
}

fn operation(row: &Stored, context: &Map<String, Value>) -> String {
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
        Facts::of(&Stored {
            message: message.into(),
            level: level.into(),
            logger: "rag.retrieval".into(),
            context: context.into(),
            metrics: metrics.into(),
            duration_ms: Some(1.0),
            ..Stored::default()
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
        assert_eq!(values, ["chunks 1,500", "best score 0.81"]);
        let values = facts(
            "s",
            "INFO",
            r#"{"operation":"s","top_k":5,"status":"success"}"#,
            "",
        );
        assert_eq!(values.values(), ["top k 5"]);
        let money = facts("s", "INFO", "{}", r#"{"cost_usd":0.0011,"rerank_ms":12}"#);
        assert_eq!(money.values(), ["cost $0.0011", "rerank 12 ms"]);
    }

    #[test]
    fn an_error_without_its_parts_is_none() {
        let row = |error: &str| Stored {
            error: Some(error.into()),
            ..Stored::default()
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
