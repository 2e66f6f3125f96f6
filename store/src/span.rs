//! Reads the span of a stored record, and the tree of a trace's records.

use ragspan_core::record::keys;
use ragspan_core::trace::{Span, SpanError, Tree};
use ragspan_core::{Cost, Outcome, Usage};
use serde_json::{Map, Value};

use super::{RowKind, StoredRecord};

/// Builds the tree of a trace from its records. Each node keeps its record, and the records of its events.
#[must_use]
pub fn trace_tree(records: &[StoredRecord]) -> Tree<&StoredRecord> {
    let spans = records
        .iter()
        .filter_map(|record| Some((record.span()?, record)));
    let events = records.iter().filter(|record| !record.is_span());
    Tree::build(spans, events.map(|record| (record.span_id.clone(), record)))
}

impl StoredRecord {
    /// Returns true for the record of a span, ended or started, and false for an event.
    #[must_use]
    pub fn is_span(&self) -> bool {
        self.kind == RowKind::Span.as_str()
    }

    /// Returns the call that the record describes; `None` for an event.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        if !self.is_span() {
            return None;
        }
        let context = object(&self.context);
        let metrics = object(&self.metrics);
        let operation = operation(&self.message, &context);
        let duration_us = self.duration_ms.map(micros);
        let mut span = Span::new(operation);
        span.trace_id.clone_from(&self.trace_id);
        span.span_id.clone_from(&self.span_id);
        span.parent_span_id.clone_from(&self.parent_span_id);
        span.seq = self.seq;
        span.layer = self.logger.strip_prefix("rag.").map(str::to_owned);
        span.level = self.level.parse().ok();
        span.outcome = duration_us.and(Some(self.outcome(&context)));
        span.is_slow = self.message.starts_with("slow_") && span.outcome == Some(Outcome::Success);
        span.start_us = self.start_us.unwrap_or_else(|| {
            self.timestamp_us
                .saturating_sub_unsigned(duration_us.unwrap_or_default())
        });
        span.duration_us = duration_us;
        span.is_local_root = self.is_local_root(&context);
        span.model = text(&context, keys::MODEL.name);
        span.usage = usage(&metrics);
        span.cost = metrics
            .get(keys::COST_USD.name)
            .and_then(Value::as_f64)
            .and_then(Cost::from_dollars);
        span.error = self.error.as_deref().and_then(error);
        span.error_origin = text(&context, keys::ERROR_SPAN_ID.name);
        Some(span)
    }

    /// Reads the status; of a record without one, the message, else the level.
    fn outcome(&self, context: &Map<String, Value>) -> Outcome {
        let status = context.get(keys::STATUS.name).and_then(Value::as_str);
        let by_status = Outcome::ALL
            .into_iter()
            .find(|outcome| status == Some(outcome.status()));
        let by_message = || {
            Outcome::ALL
                .into_iter()
                .find(|outcome| self.message.ends_with(outcome.message_suffix()))
        };
        let by_level = if matches!(self.level.as_str(), "ERROR" | "CRITICAL") {
            Outcome::Error
        } else {
            Outcome::Success
        };
        by_status.or_else(by_message).unwrap_or(by_level)
    }

    /// Returns the error of the record, also of an event; `None` if it has none, or one without a type.
    #[must_use]
    pub fn span_error(&self) -> Option<SpanError> {
        error(self.error.as_deref()?)
    }

    fn is_local_root(&self, context: &Map<String, Value>) -> bool {
        let Some(parent) = &self.parent_span_id else {
            return true;
        };
        self.span_id == self.trace_id
            || parent.starts_with("00000000-0000-0000-")
            || context
                .get(keys::REMOTE_PARENT.name)
                .and_then(Value::as_bool)
                == Some(true)
    }
}

/// Reads the column `error`.
pub(super) fn error(json: &str) -> Option<SpanError> {
    let error = object(json);
    let chain = error.get("chain").and_then(Value::as_array);
    let chain = chain.into_iter().flatten().filter_map(Value::as_str);
    let message = text(&error, "message").unwrap_or_default();
    let mut read = SpanError::new(text(&error, "type")?, message);
    read.chain = chain.map(str::to_owned).collect();
    Some(read)
}

fn object(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key)?.as_str().map(str::to_owned)
}

/// Never negative and never NaN: `as` saturates, and turns NaN into zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates"
)]
fn micros(millis: f64) -> u64 {
    (millis * 1000.0).round() as u64
}

fn operation(message: &str, context: &Map<String, Value>) -> String {
    text(context, keys::OPERATION.name).unwrap_or_else(|| without_affixes(message).to_owned())
}

/// Returns the operation in the message of a span's record.
fn without_affixes(message: &str) -> &str {
    let message = message.strip_prefix("slow_").unwrap_or(message);
    let suffixes = Outcome::ALL.map(Outcome::message_suffix).into_iter();
    suffixes
        .chain(["_started"])
        .find_map(|suffix| message.strip_suffix(suffix))
        .unwrap_or(message)
}

fn usage(metrics: &Map<String, Value>) -> Option<Usage> {
    let kinds = keys::TOKENS.map(|key| metrics.get(key.name).and_then(Value::as_u64));
    kinds.iter().any(Option::is_some).then(|| {
        let [input, cached, written, output, reasoning] = kinds.map(Option::unwrap_or_default);
        Usage::new(input, output)
            .with_cached_input(cached)
            .with_cache_write(written)
            .with_reasoning(reasoning)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(message: &str, level: &str, context: &str, metrics: &str) -> StoredRecord {
        StoredRecord {
            message: message.into(),
            level: level.into(),
            logger: "rag.retrieval".into(),
            context: context.into(),
            metrics: metrics.into(),
            kind: "span".into(),
            duration_ms: Some(1.5),
            timestamp_us: 2_000,
            parent_span_id: Some("p".into()),
            span_id: Some("s".into()),
            ..StoredRecord::default()
        }
    }

    #[test]
    fn the_outcome_is_the_status_else_the_message_else_the_level() {
        for (message, level, context, outcome, slow) in [
            ("search_complete", "INFO", "{}", Outcome::Success, false),
            (
                "slow_search",
                "WARNING",
                r#"{"status":"success"}"#,
                Outcome::Success,
                true,
            ),
            ("search_empty", "WARNING", "{}", Outcome::Empty, false),
            (
                "search_failed",
                "INFO",
                r#"{"status":"error"}"#,
                Outcome::Error,
                false,
            ),
            ("search_cancelled", "INFO", "{}", Outcome::Cancelled, false),
            ("search_panicked", "ERROR", "{}", Outcome::Panic, false),
            ("other", "CRITICAL", "not json", Outcome::Error, false),
        ] {
            let span = record(message, level, context, "").span().expect("a span");
            assert_eq!(
                (span.outcome, span.is_slow),
                (Some(outcome), slow),
                "{message}"
            );
        }
    }

    #[test]
    fn a_span_has_the_typed_values_of_its_record() {
        let context = r#"{"operation":"a","error_span_id":"o","model":"gpt-4o"}"#;
        let metrics = r#"{"input_tokens":3,"output_tokens":2,"cost_usd":0.5}"#;
        let mut record = record("x_complete", "INFO", context, metrics);
        record.error = Some(r#"{"type":"t","message":"a","chain":["b"]}"#.into());
        let span = record.span().expect("a span");
        assert_eq!(
            (span.operation.as_str(), span.layer.as_deref()),
            ("a", Some("retrieval"))
        );
        assert_eq!((span.start_us, span.duration_us), (500, Some(1_500)));
        assert_eq!(span.usage, Some(Usage::new(3, 2)));
        assert_eq!(span.cost, Some(Cost::from_nano_dollars(500_000_000)));
        assert_eq!(span.error.expect("an error").root_cause(), "b");
        assert_eq!(span.error_origin.as_deref(), Some("o"));
        assert!(!span.is_local_root);
    }

    #[test]
    fn a_span_without_an_end_has_no_outcome_and_an_event_is_no_span() {
        let mut record = record("search_started", "DEBUG", "", "");
        record.duration_ms = None;
        let span = record.span().expect("a span");
        assert_eq!((span.outcome, span.operation.as_str()), (None, "search"));
        record.kind = "event".into();
        assert_eq!(record.span(), None);
    }

    #[test]
    fn a_local_root_has_no_parent_or_a_remote_one() {
        let of = |parent: Option<&str>, context: &str| {
            let mut record = record("a", "INFO", context, "");
            record.parent_span_id = parent.map(str::to_owned);
            record.span().expect("a span").is_local_root
        };
        assert!(of(None, ""));
        assert!(of(Some("00000000-0000-0000-8000-000000000001"), ""));
        assert!(of(Some("p"), r#"{"remote_parent":true}"#));
        assert!(!of(Some("p"), r#"{"fields":{"remote_parent":true}}"#));
        assert!(!of(Some("p"), r#"{"remote_parent":"yes"}"#));
    }

    #[test]
    fn events_are_attached_to_their_spans() {
        let mut event = record("said", "INFO", "", "");
        event.kind = "event".into();
        let records = [record("a_complete", "INFO", "", ""), event];
        let tree = trace_tree(&records);
        assert_eq!(tree.nodes()[0].events, [&records[1]]);
    }
}
