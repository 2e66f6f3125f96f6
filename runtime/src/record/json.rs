//! Writes a record as one line of JSON: always all eighteen keys, in the order of [`RecordKey::ALL`].
//!
//! The line never holds a control character, a bidi override, a NaN or a duplicate key, and is never
//! longer than 256 KiB: what is too long is written again with its texts cut shorter.

use std::ops::Range;

use ragspan_core::record::{RecordKey, keys};

use super::fields::{Destination, WrittenField};
use super::writer::Writer;
use super::{Failure, Kind, Record, Service, rfc3339};
use crate::value::Value;

/// The longest line, in bytes, its newline included.
pub(crate) const MAX_LINE: usize = 256 * 1024;

/// The positions in a line of the parts that a store keeps as columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    /// The whole line, its newline included.
    pub(crate) whole: Range<usize>,
    pub(crate) context: Range<usize>,
    pub(crate) metrics: Range<usize>,
    /// `None` for a record without an error.
    pub(crate) error: Option<Range<usize>>,
}

/// Appends the record's line to `out`.
pub(crate) fn write(record: &Record, service: &Service, out: &mut Vec<u8>) -> Line {
    let start = out.len();
    let mut longest = usize::MAX;
    loop {
        out.truncate(start);
        let line = Writer { out, longest }.record(record, service);
        if line.whole.len() <= MAX_LINE || longest == 0 {
            return line;
        }
        longest = if longest == usize::MAX {
            32 * 1024
        } else {
            longest / 4
        };
    }
}

impl Writer<'_> {
    fn record(&mut self, record: &Record, service: &Service) -> Line {
        let mut line = Line::default();
        let start = self.out.len();
        for key in RecordKey::ALL {
            self.raw(if self.out.len() == start {
                "{\""
            } else {
                ",\""
            });
            self.raw(key.name());
            self.raw("\":");
            let value = self.out.len();
            self.value_of(key, record, service);
            let range = value..self.out.len();
            match key {
                RecordKey::Context => line.context = range,
                RecordKey::Metrics => line.metrics = range,
                RecordKey::Error => line.error = record.failure.is_some().then_some(range),
                _ => {}
            }
        }
        self.raw("}\n");
        line.whole = start..self.out.len();
        line
    }

    fn value_of(&mut self, key: RecordKey, record: &Record, service: &Service) {
        let request = record.request.as_deref();
        match key {
            RecordKey::Timestamp => self.ascii(&rfc3339(record.timestamp)),
            RecordKey::Level => self.ascii(record.level.as_str().as_bytes()),
            RecordKey::Logger => self.logger(record),
            RecordKey::Message => self.message(record),
            RecordKey::TraceId => self.id(record.trace_id.map(|id| id.text())),
            RecordKey::SpanId => self.id(record.span_id.map(|id| id.text())),
            RecordKey::ParentSpanId => self.id(record.parent_span_id.map(|id| id.text())),
            RecordKey::RequestId => self.optional(record.request_id().as_deref()),
            RecordKey::UserId => self.optional(request.and_then(|it| it.user_id.as_deref())),
            RecordKey::SessionId => self.optional(record.session_id().as_deref()),
            RecordKey::TenantId => self.optional(request.and_then(|it| it.tenant_id.as_deref())),
            RecordKey::Context => self.context(record),
            RecordKey::Metrics => self.metrics(record),
            RecordKey::Error => self.error(record),
            RecordKey::StackTrace => self.optional(record.stack_trace().as_deref()),
            RecordKey::Environment => self.string(&service.environment),
            RecordKey::Version => self.string(service.version()),
            RecordKey::Host => self.string(&service.host),
        }
    }

    fn logger(&mut self, record: &Record) {
        match record.layer {
            Some(layer) => {
                self.raw("\"rag.");
                self.escaped(layer.name());
                self.raw("\"");
            }
            None => self.string(record.event_target()),
        }
    }

    fn message(&mut self, record: &Record) {
        if record.kind == Kind::Event {
            return match record.message {
                Some(text) => self.text(&record.fields, text),
                None => self.raw("\"\""),
            };
        }
        let (before, behind) = record.affixes();
        self.raw("\"");
        self.raw(before);
        self.escaped(record.operation);
        self.raw(behind);
        self.raw("\"");
    }

    fn context(&mut self, record: &Record) {
        self.raw("{");
        let start = self.out.len();
        self.own(record, start);
        let mut moves = false;
        for field in record.written_fields() {
            match field.destination {
                Destination::Context => self.field(start, field),
                Destination::Moved => moves = true,
                Destination::Metrics => {}
            }
        }
        if moves {
            self.key(start, keys::FIELDS);
            self.fields(record, Destination::Moved);
        }
        self.raw("}");
    }

    /// Writes the values of a span's record that are not fields.
    fn own(&mut self, record: &Record, start: usize) {
        if record.kind == Kind::Event {
            return;
        }
        self.key(start, keys::OPERATION);
        self.string(record.operation);
        if record.kind == Kind::Span {
            self.key(start, keys::STATUS);
            self.ascii(record.outcome.status().as_bytes());
        }
        if let Some(micros) = record.slow {
            self.key(start, keys::THRESHOLD_MS);
            self.millis(micros);
        }
        let origin = record
            .failure
            .as_ref()
            .and_then(|failure| failure.origin_span_id);
        if let Some(span) = origin {
            self.key(start, keys::ERROR_SPAN_ID);
            self.ascii(&span.text());
        }
        if !record.documents.is_empty() {
            self.key(start, keys::DOCUMENTS);
            self.documents(record);
        }
    }

    fn documents(&mut self, record: &Record) {
        self.raw("[");
        for (index, document) in record.documents.iter().enumerate() {
            self.raw(if index == 0 { "{\"id\":" } else { ",{\"id\":" });
            self.text(&record.fields, document.id);
            self.raw(",\"rank\":");
            self.value(&record.fields, Value::U64(document.rank.into()));
            if let Some(score) = document.score.filter(|score| score.is_finite()) {
                self.raw(",\"score\":");
                self.value(&record.fields, Value::F64(score));
            }
            if let Some(source) = document.source {
                self.raw(",\"source\":");
                self.text(&record.fields, source);
            }
            self.raw("}");
        }
        self.raw("]");
    }

    /// Writes an object of the fields with this destination.
    fn fields(&mut self, record: &Record, destination: Destination) {
        self.raw("{");
        let start = self.out.len();
        let all = record.written_fields();
        for field in all.filter(|field| field.destination == destination) {
            self.field(start, field);
        }
        self.raw("}");
    }

    fn field(&mut self, start: usize, field: WrittenField<'_>) {
        self.separate(start);
        self.string(field.name);
        self.raw(":");
        self.value(field.fields, field.value);
    }

    fn metrics(&mut self, record: &Record) {
        self.raw("{");
        let start = self.out.len();
        if let Some(micros) = record.duration {
            self.key(start, keys::DURATION_MS);
            self.millis(micros);
        }
        for field in record.written_fields() {
            if field.destination == Destination::Metrics && !field.value.is_nan() {
                self.field(start, field);
            }
        }
        self.raw("}");
    }

    fn error(&mut self, record: &Record) {
        let Some(failure) = &record.failure else {
            return self.raw("null");
        };
        self.raw("{\"type\":");
        self.string(failure.kind.label());
        self.raw(",\"message\":");
        self.text(&record.fields, failure.message);
        self.raw(",\"chain\":[");
        self.chain(record, failure);
        self.raw("]}");
    }

    fn chain(&mut self, record: &Record, failure: &Failure) {
        let start = self.out.len();
        for (index, source) in failure.chain.iter().enumerate() {
            if failure.left_out > 0 && index + 1 == failure.chain.len() {
                self.separate(start);
                self.string(&format!("({} sources left out)", failure.left_out));
            }
            self.separate(start);
            self.text(&record.fields, *source);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use ragspan_core::record::RECORD_KEYS;

    use super::super::{ErrorKind, Level, Outcome};
    use super::*;
    use crate::context::{CallPath, Layer, RequestContext, SpanId};

    fn service() -> Service {
        Service {
            name: String::new(),
            environment: "test".into(),
            version: "1.0.0".into(),
            host: "here".into(),
        }
    }

    fn line(record: &Record) -> String {
        let mut out = Vec::new();
        let line = write(record, &service(), &mut out);
        assert_eq!(line.whole, 0..out.len());
        String::from_utf8(out).unwrap()
    }

    fn parsed(record: &Record) -> Json {
        serde_json::from_str(&line(record)).unwrap()
    }

    fn span() -> Record {
        let span_id = SpanId::new(1_764_801_930_000);
        Record {
            kind: Kind::Span,
            operation: "hybrid_search",
            layer: Some(Layer::Retrieval),
            timestamp: 1_764_801_930_123_456,
            duration: Some(12_340),
            trace_id: Some(span_id.into()),
            span_id: Some(span_id),
            ..Record::default()
        }
    }

    #[test]
    fn eighteen_keys_in_their_order() {
        for record in [span(), Record::default()] {
            let line = line(&record);
            let mut rest = line.as_str();
            for key in RECORD_KEYS {
                let at = rest
                    .find(&format!("\"{key}\":"))
                    .unwrap_or_else(|| panic!("{key}: {line}"));
                rest = rest.split_at(at).1;
            }
            assert_eq!(
                serde_json::from_str::<Json>(&line)
                    .unwrap()
                    .as_object()
                    .unwrap()
                    .len(),
                18
            );
        }
    }

    #[test]
    fn a_span_has_its_operation_status_and_duration() {
        let mut record = span();
        record.fields.push("top_k", Value::U64(5));
        record.fields.push("metrics.best", Value::F64(0.81));
        let json = parsed(&record);
        assert_eq!(json["message"], "hybrid_search_complete");
        assert_eq!(json["logger"], "rag.retrieval");
        assert_eq!(
            json["context"],
            json!({"operation": "hybrid_search", "status": "success", "top_k": 5})
        );
        assert!(line(&record).contains("\"metrics\":{\"duration_ms\":12.340,\"best\":0.81}"));
        assert_eq!(
            json["request_id"],
            format!("req-{}", record.trace_id.unwrap().short())
        );
    }

    #[test]
    fn a_users_field_with_a_reserved_name_moves() {
        let mut request = RequestContext::default();
        request.fields.push("error_span_id", Value::U64(1));
        request.fields.push_text("status", "the request's");
        request.metrics.push("llm_calls", Value::U64(2));
        let mut record = Record {
            request: Some(Arc::new(request)),
            ..span()
        };
        record.fields.push_text("status", "mine");
        record.fields.push("fields", Value::Bool(true));
        record.fields.push("remote_parent", Value::Bool(true));
        record.fields.push("metrics.llm_calls", Value::U64(7));
        record.fields.push("metrics.duration_ms", Value::U64(8));
        let json = parsed(&record);
        assert_eq!(
            json["context"],
            json!({"operation": "hybrid_search", "status": "success", "fields": {
                "status": "mine", "fields": true, "remote_parent": true, "llm_calls": 7, "duration_ms": 8,
                "error_span_id": 1,
            }})
        );
        assert_eq!(json["metrics"], json!({"duration_ms": 12.34}));
    }

    #[test]
    fn a_field_of_ragspans_own_does_not_move_and_does_not_hide_a_users() {
        let mut record = span();
        record.fields.push("remote_parent", Value::U64(1));
        record.fields.push("remote_parent", Value::Bool(true));
        record.fields.push("metrics.llm_calls", Value::U64(2));
        record.own_fields = 2;
        let json = parsed(&record);
        assert_eq!(json["context"]["remote_parent"], true);
        assert_eq!(json["context"]["fields"], json!({"remote_parent": 1}));
        assert_eq!(json["metrics"]["llm_calls"], 2);
    }

    #[test]
    fn an_events_field_of_a_reserved_name_stays() {
        let mut record = Record::default();
        record.fields.push_text("status", "mine");
        assert_eq!(parsed(&record)["context"], json!({"status": "mine"}));
    }

    #[test]
    fn a_records_field_wins_over_the_requests_and_the_last_over_the_first() {
        let mut request = RequestContext {
            user_id: Some("ada".into()),
            ..RequestContext::default()
        };
        request.fields.push_text("plan", "free");
        request.fields.push_text("region", "eu");
        let mut record = Record {
            request: Some(Arc::new(request)),
            ..span()
        };
        record.fields.push_text("plan", "first");
        record.fields.push_text("plan", "second");
        let json = parsed(&record);
        assert_eq!(json["user_id"], "ada");
        assert_eq!(json["context"]["plan"], "second");
        assert_eq!(json["context"]["region"], "eu");
        assert_eq!(line(&record).matches("\"plan\"").count(), 1);
    }

    #[test]
    fn what_is_no_number_stays_out_of_the_metrics() {
        let mut record = span();
        record.fields.push_text("metrics.name", "text");
        record.fields.push("metrics.nan", Value::F64(f64::NAN));
        record.fields.push("metrics.duration_ms", Value::U64(1));
        record.fields.push("ratio", Value::F64(f64::INFINITY));
        let json = parsed(&record);
        assert_eq!(json["metrics"], json!({"duration_ms": 12.34}));
        assert_eq!(json["context"]["metrics.name"], "text");
        assert_eq!(json["context"]["ratio"], Json::Null);
    }

    #[test]
    fn a_requests_metric_stands_where_the_record_has_none_of_its_name() {
        let mut request = RequestContext::default();
        for name in ["turn", "best", "duration_ms"] {
            request.metrics.push(name, Value::U64(3));
        }
        let mut record = Record {
            request: Some(Arc::new(request)),
            ..span()
        };
        record.fields.push("metrics.best", Value::F64(0.5));
        let json = parsed(&record);
        let metrics = json!({"duration_ms": 12.34, "best": 0.5, "turn": 3});
        assert_eq!(json["metrics"], metrics);
        assert!(json["context"]["turn"].is_null());
    }

    #[test]
    fn an_error_has_its_type_message_and_chain() {
        let mut record = Record {
            outcome: Outcome::Error,
            level: Level::Error,
            ..span()
        };
        let message = record.fields.text.print(format_args!("no answer"));
        let source = record.fields.text.print(format_args!("timed out"));
        let kind = ErrorKind::Label("no_answer");
        record.failure = Some(Failure {
            backtrace: None,
            kind,
            message,
            chain: vec![source],
            left_out: 0,
            origin_span_id: record.span_id,
            path: CallPath::default(),
        });
        let json = parsed(&record);
        assert_eq!(json["message"], "hybrid_search_failed");
        assert_eq!(
            json["error"],
            json!({"type": "no_answer", "message": "no answer", "chain": ["timed out"]})
        );
        assert_eq!(json["context"]["error_span_id"], json["span_id"]);
    }

    #[test]
    fn a_long_record_is_cut_with_the_number_of_bytes() {
        let mut record = span();
        for name in ["a", "b", "c", "d", "e"] {
            record.fields.push_text(name, &"\u{1}".repeat(60_000));
        }
        let line = line(&record);
        assert!(line.len() <= MAX_LINE, "{}", line.len());
        let json: Json = serde_json::from_str(&line).unwrap();
        let text = json["context"]["e"].as_str().unwrap();
        let kept = text.chars().filter(|c| *c == '\u{1}').count();
        assert!(
            text.ends_with(&format!(" [cut {} bytes]", 60_000 - kept)),
            "{}",
            text.split_at(text.len() - 30).1
        );
    }

    proptest! {
        #[test]
        fn any_text_stays_one_line_of_json_and_comes_back(text: String, name in "[a-z.]{1,8}") {
            let mut record = span();
            record.message = Some(record.fields.text.print(format_args!("{text}")));
            record.kind = Kind::Event;
            record.fields.push_text(name.leak(), &text);
            let line = line(&record);
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert!(line.trim_end().chars().all(|c| !c.is_control()));
            let json: Json = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(json["message"].as_str(), Some(text.as_str()));
        }

        #[test]
        fn any_number_comes_back(value: f64) {
            let mut record = span();
            record.fields.push("n", Value::F64(value));
            let line = line(&record);
            let written = line.split("\"n\":").nth(1).and_then(|rest| rest.split('}').next());
            prop_assert!(serde_json::from_str::<Json>(&line).is_ok());
            prop_assert_eq!(
                written.and_then(|text| text.parse::<f64>().ok()),
                Some(value).filter(|value| value.is_finite())
            );
        }
    }
}
