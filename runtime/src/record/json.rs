//! Writes a record as one line of JSON: eighteen keys, always all of them, in one order.
//!
//! The line never holds a control character, a bidi override, a NaN or a duplicate key, and is never
//! longer than 256 KiB: what is too long is written again with its texts cut shorter.

use std::ops::Range;

use super::writer::Writer;
use super::{Failure, Kind, Record, Service, rfc3339};
use crate::value::{Fields, Value};

/// The longest line, in bytes, its newline included.
pub(crate) const MAX_LINE: usize = 256 * 1024;

/// Where the parts of a line stand that a store keeps as columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    /// The whole line, its newline included.
    pub(crate) whole: Range<usize>,
    pub(crate) context: Range<usize>,
    pub(crate) metrics: Range<usize>,
    /// Of a record with an error.
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
        let start = self.out.len();
        self.raw("{\"timestamp\":\"");
        self.out.extend_from_slice(&rfc3339(record.timestamp));
        self.raw("\",\"level\":\"");
        self.raw(record.level.as_str());
        self.raw("\",\"logger\":");
        self.logger(record);
        self.raw(",\"message\":");
        self.message(record);
        self.ids(record);
        self.request(record);
        let context = self.part(",\"context\":", |writer| writer.context(record));
        let metrics = self.part(",\"metrics\":", |writer| writer.metrics(record));
        let error = self.part(",\"error\":", |writer| writer.error(record));
        self.stack_trace(record);
        self.key_str("environment", &service.environment);
        self.key_str("version", &service.version);
        self.key_str("host", &service.host);
        self.raw("}\n");
        let error = record.failure.is_some().then_some(error);
        Line {
            whole: start..self.out.len(),
            context,
            metrics,
            error,
        }
    }

    fn part(&mut self, key: &str, write: impl FnOnce(&mut Self)) -> Range<usize> {
        self.raw(key);
        let start = self.out.len();
        write(self);
        start..self.out.len()
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

    fn ids(&mut self, record: &Record) {
        self.key_id("trace_id", record.trace_id.map(|id| id.text()));
        self.key_id("span_id", record.span_id.map(|id| id.text()));
        self.key_id("parent_span_id", record.parent_span_id.map(|id| id.text()));
    }

    fn key_id(&mut self, key: &str, id: Option<[u8; 36]>) {
        self.key(key);
        match id {
            Some(text) => {
                self.raw("\"");
                self.out.extend_from_slice(&text);
                self.raw("\"");
            }
            None => self.raw("null"),
        }
    }

    fn request(&mut self, record: &Record) {
        let request = record.request.as_deref();
        self.key_opt("request_id", record.request_id().as_deref());
        self.key_opt(
            "user_id",
            request.and_then(|request| request.user_id.as_deref()),
        );
        self.key_opt("session_id", record.session_id().as_deref());
        self.key_opt(
            "tenant_id",
            request.and_then(|request| request.tenant_id.as_deref()),
        );
    }

    fn context(&mut self, record: &Record) {
        self.raw("{");
        let start = self.out.len();
        self.own(record);
        let moved = self.fields(record, start);
        if moved {
            self.separate(start);
            self.moved(record);
        }
        self.raw("}");
    }

    /// What a span's record says of its call.
    fn own(&mut self, record: &Record) {
        if record.kind == Kind::Event {
            return;
        }
        self.raw("\"operation\":");
        self.string(record.operation);
        if record.kind == Kind::Span {
            self.raw(",\"status\":\"");
            self.raw(record.outcome.status());
            self.raw("\"");
        }
        if let Some(micros) = record.slow {
            self.raw(",\"threshold_ms\":");
            self.millis(micros);
        }
        let origin = record
            .failure
            .as_ref()
            .and_then(|failure| failure.origin_span_id);
        if let Some(span) = origin {
            self.key_id("error_span_id", Some(span.text()));
        }
        if !record.documents.is_empty() {
            self.documents(record);
        }
    }

    fn documents(&mut self, record: &Record) {
        self.raw(",\"documents\":[");
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

    /// Writes the record's fields, then those of the request that the record has no field for.
    /// Tells whether there are fields whose names are taken.
    fn fields(&mut self, record: &Record, start: usize) -> bool {
        let mut moved = false;
        for (index, (name, value)) in record.fields.iter().enumerate() {
            let again = record
                .fields
                .iter()
                .skip(index + 1)
                .any(|(later, _)| later == name);
            if again || metric(name, value).is_some() {
                continue;
            }
            if is_taken(record, name) {
                moved = true;
                continue;
            }
            self.field(start, name, &record.fields, value);
        }
        let Some(request) = record.request.as_deref() else {
            return moved;
        };
        for (name, value) in request.fields.iter() {
            if !is_taken(record, name) && !record.fields.iter().any(|(own, _)| own == name) {
                self.field(start, name, &request.fields, value);
            }
        }
        moved
    }

    /// The user's fields whose names are ours.
    fn moved(&mut self, record: &Record) {
        self.raw("\"fields\":{");
        let start = self.out.len();
        for (index, (name, value)) in record.fields.iter().enumerate() {
            let again = record
                .fields
                .iter()
                .skip(index + 1)
                .any(|(later, _)| later == name);
            if is_taken(record, name) && !again {
                self.field(start, name, &record.fields, value);
            }
        }
        self.raw("}");
    }

    fn field(&mut self, start: usize, name: &str, fields: &Fields, value: Value) {
        self.separate(start);
        self.string(name);
        self.raw(":");
        self.value(fields, value);
    }

    fn metrics(&mut self, record: &Record) {
        self.raw("{");
        let start = self.out.len();
        if let Some(micros) = record.duration {
            self.raw("\"duration_ms\":");
            self.millis(micros);
        }
        for (index, (name, value)) in record.fields.iter().enumerate() {
            let Some(short) = metric(name, value) else {
                continue;
            };
            let again = record
                .fields
                .iter()
                .skip(index + 1)
                .any(|(later, _)| later == name);
            let ours = short == "duration_ms" && record.duration.is_some();
            if again || ours || value.is_nan() {
                continue;
            }
            self.field(start, short, &record.fields, value);
        }
        self.metrics_of_request(record, start);
        self.raw("}");
    }

    /// Those that the record has none of its own for.
    fn metrics_of_request(&mut self, record: &Record, start: usize) {
        let Some(request) = record.request.as_deref() else {
            return;
        };
        for (name, value) in request.metrics.iter() {
            let mut own = record.fields.iter();
            let own = own.any(|(own, value)| metric(own, value) == Some(name));
            let ours = name == "duration_ms" && record.duration.is_some();
            if !own && !ours {
                self.field(start, name, &request.metrics, value);
            }
        }
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

    fn stack_trace(&mut self, record: &Record) {
        self.key("stack_trace");
        match record.stack_trace() {
            Some(text) => self.string(&text),
            None => self.raw("null"),
        }
    }

    fn chain(&mut self, record: &Record, failure: &Failure) {
        let start = self.out.len();
        for source in &failure.chain {
            self.separate(start);
            self.text(&record.fields, *source);
        }
    }
}

/// Whether a field's name is ours on this record.
fn is_taken(record: &Record, name: &str) -> bool {
    const OURS: [&str; 5] = [
        "operation",
        "status",
        "fields",
        "threshold_ms",
        "error_span_id",
    ];
    let documents = name == "documents" && !record.documents.is_empty();
    record.kind != Kind::Event && (OURS.contains(&name) || documents)
}

/// The name among the metrics of a field that belongs there.
fn metric(name: &'static str, value: Value) -> Option<&'static str> {
    name.strip_prefix("metrics.").filter(|_| value.is_number())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::super::{ErrorKind, Level, Outcome};
    use super::*;
    use crate::context::{Layer, RequestContext, SpanId};

    fn service() -> Service {
        Service {
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
        let keys = [
            "timestamp",
            "level",
            "logger",
            "message",
            "trace_id",
            "span_id",
            "parent_span_id",
            "request_id",
            "user_id",
            "session_id",
            "tenant_id",
            "context",
            "metrics",
            "error",
            "stack_trace",
            "environment",
            "version",
            "host",
        ];
        for record in [span(), Record::default()] {
            let line = line(&record);
            let mut rest = line.as_str();
            for key in keys {
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
    fn a_span_tells_its_operation_status_and_duration() {
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
    fn a_field_with_a_name_of_ours_moves() {
        let mut record = span();
        record.fields.push_text("status", "mine");
        record.fields.push("fields", Value::Bool(true));
        let json = parsed(&record);
        assert_eq!(json["context"]["status"], "success");
        assert_eq!(
            json["context"]["fields"],
            json!({"status": "mine", "fields": true})
        );
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
            origin_span_id: record.span_id,
            path: vec![],
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
    fn a_long_record_is_cut_and_says_how_much() {
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
