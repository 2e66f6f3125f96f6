//! A record read from the store, and its JSON line.

use ragspan_core::record::RecordKey;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::json::{push_object, push_optional, push_string};
use super::short_id;

/// A stored record: the columns of the table `logs`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoredRecord {
    /// The row's number in the table: later rows have greater ones.
    pub id: i64,
    /// RFC 3339, UTC, microseconds.
    pub timestamp: String,
    /// One of the six levels.
    pub level: String,
    /// `rag.<layer>`, or a tracing target.
    pub logger: String,
    /// The message.
    pub message: String,
    /// The trace, as UUID text.
    pub trace_id: Option<String>,
    /// The span, as UUID text.
    pub span_id: Option<String>,
    /// The span's parent, as UUID text.
    pub parent_span_id: Option<String>,
    /// The request.
    pub request_id: Option<String>,
    /// The user.
    pub user_id: Option<String>,
    /// The session.
    pub session_id: Option<String>,
    /// The tenant.
    pub tenant_id: Option<String>,
    /// A JSON object.
    pub context: String,
    /// A JSON object of numbers.
    pub metrics: String,
    /// A JSON object with `type`, `message` and `chain`.
    pub error: Option<String>,
    /// The annotated functions from the root to the failure, and the backtrace.
    pub stack_trace: Option<String>,
    /// The environment in which the service ran.
    pub environment: String,
    /// The service's version.
    pub version: String,
    /// The machine.
    pub host: String,
    /// The duration of the span; `None` for an event, and for the record of a start.
    pub duration_ms: Option<f64>,
    /// `span` or `event`.
    pub kind: String,
    /// The start of the span, in microseconds since the epoch.
    pub start_us: Option<i64>,
    /// `timestamp`, in microseconds since the epoch.
    pub timestamp_us: i64,
    /// The process that made the record.
    pub boot_id: Vec<u8>,
    /// The number of the record in its process.
    pub seq: u64,
    /// The time at which the row was inserted.
    pub created_at: String,
}

impl StoredRecord {
    /// The columns of every query that returns whole records.
    pub(super) const COLUMNS: &'static str = "id, timestamp, level, logger, message, trace_id, span_id, \
        parent_span_id, request_id, user_id, session_id, tenant_id, context, metrics, error, \
        stack_trace, environment, version, host, duration_ms, kind, start_us, timestamp_us, \
        boot_id, seq, created_at";

    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            timestamp: row.try_get("timestamp")?,
            level: row.try_get("level")?,
            logger: row.try_get("logger")?,
            message: row.try_get("message")?,
            trace_id: row.try_get("trace_id")?,
            span_id: row.try_get("span_id")?,
            parent_span_id: row.try_get("parent_span_id")?,
            request_id: row.try_get("request_id")?,
            user_id: row.try_get("user_id")?,
            session_id: row.try_get("session_id")?,
            tenant_id: row.try_get("tenant_id")?,
            context: row.try_get("context")?,
            metrics: row.try_get("metrics")?,
            error: row.try_get("error")?,
            stack_trace: row.try_get("stack_trace")?,
            environment: row.try_get("environment")?,
            version: row.try_get("version")?,
            host: row.try_get("host")?,
            duration_ms: row.try_get("duration_ms")?,
            kind: row.try_get("kind")?,
            start_us: row.try_get("start_us")?,
            timestamp_us: row.try_get("timestamp_us")?,
            boot_id: row.try_get("boot_id")?,
            seq: row.try_get::<i64, _>("seq")?.cast_unsigned(),
            created_at: row.try_get("created_at")?,
        })
    }

    /// The short form of the record's trace id, where it has one.
    #[must_use]
    pub fn short_trace(&self) -> Option<String> {
        self.trace_id.as_deref().map(short_id)
    }

    /// Returns the record as one line of JSON: the eighteen keys in their order, without a line end.
    #[must_use]
    pub fn to_json_line(&self) -> String {
        let mut out = String::with_capacity(1024);
        for key in RecordKey::ALL {
            out.push(if out.is_empty() { '{' } else { ',' });
            push_string(&mut out, key.name());
            out.push(':');
            self.push_value(&mut out, key);
        }
        out.push('}');
        out
    }

    fn push_value(&self, out: &mut String, key: RecordKey) {
        match key {
            RecordKey::Timestamp => push_string(out, &self.timestamp),
            RecordKey::Level => push_string(out, &self.level),
            RecordKey::Logger => push_string(out, &self.logger),
            RecordKey::Message => push_string(out, &self.message),
            RecordKey::TraceId => push_optional(out, self.trace_id.as_deref()),
            RecordKey::SpanId => push_optional(out, self.span_id.as_deref()),
            RecordKey::ParentSpanId => push_optional(out, self.parent_span_id.as_deref()),
            RecordKey::RequestId => push_optional(out, self.request_id.as_deref()),
            RecordKey::UserId => push_optional(out, self.user_id.as_deref()),
            RecordKey::SessionId => push_optional(out, self.session_id.as_deref()),
            RecordKey::TenantId => push_optional(out, self.tenant_id.as_deref()),
            RecordKey::Context => push_object(out, &self.context, push_unreadable),
            RecordKey::Metrics => push_object(out, &self.metrics, |out, _| out.push_str("{}")),
            RecordKey::Error => self.push_error(out),
            RecordKey::StackTrace => push_optional(out, self.stack_trace.as_deref()),
            RecordKey::Environment => push_string(out, &self.environment),
            RecordKey::Version => push_string(out, &self.version),
            RecordKey::Host => push_string(out, &self.host),
        }
    }

    fn push_error(&self, out: &mut String) {
        match &self.error {
            Some(error) => push_object(out, error, push_unreadable_error),
            None => out.push_str("null"),
        }
    }
}

fn push_unreadable(out: &mut String, text: &str) {
    out.push_str("{\"unreadable\":");
    push_string(out, text);
    out.push('}');
}

fn push_unreadable_error(out: &mut String, text: &str) {
    out.push_str("{\"type\":\"unreadable\",\"message\":");
    push_string(out, text);
    out.push_str(",\"chain\":[]}");
}

#[cfg(test)]
mod tests {
    use ragspan_core::record::RECORD_KEYS;

    use super::*;

    fn record() -> StoredRecord {
        StoredRecord {
            timestamp: "2026-11-23T09:41:07.123456Z".into(),
            level: "INFO".into(),
            context: r#"{"operation":"answer","status":"success"}"#.into(),
            metrics: r#"{"duration_ms":1.500}"#.into(),
            ..StoredRecord::default()
        }
    }

    #[test]
    fn the_line_has_the_eighteen_keys_in_order() {
        let line = record().to_json_line();
        let positions: Vec<_> = RECORD_KEYS
            .iter()
            .map(|key| line.find(&format!("\"{key}\":")).expect("the key is there"))
            .collect();
        assert!(positions.is_sorted());
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 18);
        assert!(value["user_id"].is_null() && value["error"].is_null());
    }

    #[test]
    fn objects_are_given_out_as_they_were_stored() {
        let line = record().to_json_line();
        assert!(
            line.contains(r#""metrics":{"duration_ms":1.500}"#),
            "{line}"
        );
    }

    #[test]
    fn unreadable_columns_still_make_a_record() {
        let broken = StoredRecord {
            context: "nonsense".into(),
            metrics: "[]".into(),
            error: Some("boom\n".into()),
            ..record()
        };
        let value: serde_json::Value = serde_json::from_str(&broken.to_json_line()).unwrap();
        assert_eq!(value["context"]["unreadable"], "nonsense");
        assert_eq!(value["metrics"], serde_json::json!({}));
        assert_eq!(value["error"]["message"], "boom\n");
    }
}
