//! One captured record: its parsed line, and its facts that the line lacks.

use std::ops::Deref;

use serde_json::Value;

use crate::context::{Layer, SpanId};
use crate::record::{Kind, Level, Outcome, Record};
use ragspan_core::record::keys;

/// The names in `context` that are not fields of the author.
const OURS: [&str; 4] = [
    keys::OPERATION.name,
    keys::STATUS.name,
    keys::ERROR_SPAN_ID.name,
    keys::FIELDS.name,
];

/// The facts of a record.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) kind: Kind,
    pub(super) level: Level,
    /// For a span.
    pub(super) operation: &'static str,
    pub(super) outcome: Outcome,
    pub(super) layer: Option<Layer>,
    /// The duration of a span, in microseconds.
    pub(super) duration: Option<u64>,
    /// Its start, in microseconds since the Unix epoch.
    pub(super) begun: u64,
    /// The id of the span; for an event, of the enclosing span.
    pub(super) span: Option<SpanId>,
    parent: Option<SpanId>,
}

impl Facts {
    pub(super) fn of(record: &Record) -> Self {
        let is_event = record.kind == Kind::Event;
        Self {
            kind: record.kind,
            level: record.level,
            operation: record.operation,
            outcome: record.outcome,
            layer: record.layer,
            duration: record.duration,
            begun: if is_event {
                record.timestamp
            } else {
                record.start
            },
            span: record.span_id,
            parent: record.parent_span_id,
        }
    }

    pub(super) fn is_event(&self) -> bool {
        self.kind == Kind::Event
    }

    /// Returns the id above it: for an event its span, for a span its parent.
    pub(super) fn above(&self) -> Option<SpanId> {
        if self.is_event() {
            self.span
        } else {
            self.parent
        }
    }
}

/// One captured record.
#[derive(Clone, Copy, Debug)]
pub(super) struct CapturedRecord<'a> {
    pub(super) facts: &'a Facts,
    /// The line, parsed.
    pub(super) json: &'a Value,
}

impl Deref for CapturedRecord<'_> {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        self.facts
    }
}

impl<'a> CapturedRecord<'a> {
    pub(super) fn message(self) -> &'a str {
        self.json["message"].as_str().unwrap_or_default()
    }

    /// The error's type and message.
    pub(super) fn error(self) -> Option<(&'a str, &'a str)> {
        let error = &self.json["error"];
        Some((error["type"].as_str()?, error["message"].as_str()?))
    }

    /// Returns a field, a metric, or an id of the request, by its name.
    pub(super) fn value(self, name: &str) -> Option<&'a Value> {
        let moved = self.json["context"][keys::FIELDS.name]
            .get(name)
            .filter(|_| !self.is_event());
        let context = self.json["context"].get(name);
        let metric = name.strip_prefix("metrics.").unwrap_or(name);
        let reserved = ["request_id", "user_id", "session_id", "tenant_id"].contains(&name);
        let reserved = self.json.get(name).filter(|id| reserved && !id.is_null());
        moved
            .or(context)
            .or(self.json["metrics"].get(metric))
            .or(reserved)
    }

    /// Returns the recorded fields, then the metrics, each in alphabetical order. Times are left out because they
    /// differ between runs, and the number of spans because the tree shows it.
    pub(super) fn values(self) -> Vec<(&'a str, &'a Value)> {
        let context = &self.json["context"];
        let fields = named(context, |name| self.is_event() || !OURS.contains(&name));
        let moved = named(&context[keys::FIELDS.name], |_| !self.is_event());
        let metrics = named(&self.json["metrics"], |name| {
            !name.ends_with("_ms")
                && !name.starts_with(keys::SELF_MS_PREFIX)
                && name != keys::SPANS.name
        });
        [fields, moved, metrics].concat()
    }
}

fn named(object: &Value, is_included: impl Fn(&str) -> bool) -> Vec<(&str, &Value)> {
    let all = object.as_object().into_iter().flatten();
    let mut fields: Vec<_> = all
        .map(|(name, value)| (name.as_str(), value))
        .filter(|(name, _)| is_included(name))
        .collect();
    fields.sort_by_key(|(name, _)| *name);
    fields
}
