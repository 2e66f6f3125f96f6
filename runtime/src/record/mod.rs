//! The record: what one annotated call or one event leaves behind.
//!
//! A record is filled on the caller's thread, moves to the worker as one pointer, is written once, and
//! is then recycled. It does not change once it was handed over.

pub(crate) mod fields;
pub(crate) mod json;
mod level;
mod pool;
mod redact;
mod service;
mod writer;

use std::borrow::Cow;
use std::sync::Arc;

pub(crate) use level::{level_of, level_of_event};
pub(crate) use pool::Pool;
pub use ragspan_core::{Level, Outcome, ParseLevelError};
pub(crate) use ragspan_core::{clock::rfc3339, escape};
pub(crate) use redact::Redactor;
pub(crate) use service::{Package, Service, observe_package, program_name};

use crate::context::{CallPath, Layer, RequestContext, SpanId, TraceId};
use crate::value::{Fields, Text};
use ragspan_core::record::keys;

/// The field in which a call keeps its budget of tokens.
pub(crate) const TOTAL_BUDGET: &str = keys::TOTAL_BUDGET.field;

/// The JSON Schema (draft 2020-12) of a log record; `ragspan schema` prints it.
pub const SCHEMA: &str = include_str!("schema.json");

/// Distinguishes records of spans and of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The completion of a span.
    Span,
    /// The start of a span; written only where DEBUG is on.
    Started,
    /// A stream's first item; written only where DEBUG is on.
    FirstItem,
    /// An event.
    #[default]
    Event,
}

/// An error, with its texts in the record's arena.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: Text,
    /// The sources behind it, the deepest last.
    pub(crate) chain: Vec<Text>,
    /// The number of sources left out before the deepest.
    pub(crate) left_out: u32,
    /// Where the error was first seen, if not here.
    pub(crate) origin_span_id: Option<SpanId>,
    /// The annotated functions from here up to the root.
    pub(crate) path: CallPath,
    /// The backtrace, if the error or the panic has one.
    pub(crate) backtrace: Option<Box<str>>,
}

impl Failure {
    /// Returns the bytes that it holds outside of the arena and of the path, which is short.
    fn held_bytes(&self) -> usize {
        let chain = self.chain.capacity() * size_of::<Text>();
        chain + self.backtrace.as_deref().map_or(0, str::len)
    }
}

/// An error's type: a label its author gave it, or the name of its Rust type.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum ErrorKind {
    #[default]
    Unknown,
    Label(&'static str),
    /// As `std::any::type_name` gives it.
    TypeName(&'static str),
}

impl ErrorKind {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Unknown => "error",
            Self::Label(label) => label,
            Self::TypeName(name) => short_type_name(name),
        }
    }
}

/// The last path segment of a type, without its generics; what a `Box<dyn ..>` or a reference holds, for those.
fn short_type_name(name: &'static str) -> &'static str {
    let inner = name.trim_start_matches('&');
    let inner = inner.strip_prefix("alloc::boxed::Box<").unwrap_or(inner);
    let inner = inner.strip_prefix("dyn ").unwrap_or(inner);
    let path = inner.split(['<', '>', ' ']).next().unwrap_or(inner);
    path.rsplit("::").next().unwrap_or(path)
}

/// One record with its envelope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    /// Unique within this process; with the boot id it makes delivery idempotent.
    pub(crate) sequence: u64,
    pub(crate) level: Level,
    /// Unix microseconds.
    pub(crate) timestamp: u64,
    /// The start of a span, in Unix microseconds.
    pub(crate) start: u64,
    /// The duration of a completed span, in microseconds.
    pub(crate) duration: Option<u64>,
    /// The layer of a span, or of an event in the module of the annotated function around it.
    pub(crate) layer: Option<Layer>,
    /// The target of an event.
    pub(crate) target: &'static str,
    /// The target of an event that came through the `log` crate.
    pub(crate) log_target: Option<Text>,
    /// The operation of a span.
    pub(crate) operation: &'static str,
    pub(crate) outcome: Outcome,
    /// The threshold, in microseconds, that a successful call exceeded.
    pub(crate) slow: Option<u64>,
    /// The message of an event.
    pub(crate) message: Option<Text>,
    pub(crate) trace_id: Option<TraceId>,
    pub(crate) span_id: Option<SpanId>,
    pub(crate) parent_span_id: Option<SpanId>,
    pub(crate) request: Option<Arc<RequestContext>>,
    pub(crate) failure: Option<Failure>,
    /// The documents retrieved, reranked or packed, the best first; at most [`MAX_DOCUMENTS`].
    pub(crate) documents: Vec<Retrieved>,
    pub(crate) fields: Fields,
    /// The number of the last `fields` that ragspan itself added, and not the user.
    pub(crate) own_fields: usize,
    /// True for the first span of this service in its trace.
    pub(crate) is_local_root: bool,
}

/// The largest number of documents in a record.
pub(crate) const MAX_DOCUMENTS: usize = 100;

/// A document that a call has found, with its texts in the record's arena. Its content is not recorded.
#[derive(Clone, Debug)]
pub(crate) struct Retrieved {
    pub(crate) id: Text,
    pub(crate) score: Option<f64>,
    /// From 1 on.
    pub(crate) rank: u32,
    pub(crate) source: Option<Text>,
}

impl Record {
    /// Empties the record and keeps its buffers.
    pub(crate) fn recycle(&mut self) {
        let mut fields = std::mem::take(&mut self.fields);
        fields.clear();
        *self = Self {
            fields,
            ..Self::default()
        };
    }

    /// Returns about how many bytes of memory the record holds. What records of one request share is counted for each of
    /// them, because each has it in its line.
    pub(crate) fn held_bytes(&self) -> usize {
        let request = self
            .request
            .as_deref()
            .map_or(0, RequestContext::held_bytes);
        let failure = self.failure.as_ref().map_or(0, Failure::held_bytes);
        let documents = self.documents.capacity() * size_of::<Retrieved>();
        size_of::<Self>() + self.fields.held_bytes() + documents + request + failure
    }

    /// A record before a span's completion: what is known of it by then.
    pub(crate) fn beside(&self, kind: Kind, timestamp: u64) -> Self {
        Self {
            kind,
            level: Level::Debug,
            timestamp,
            fields: self.fields.clone(),
            request: self.request.clone(),
            failure: None,
            documents: Vec::new(),
            ..*self
        }
    }

    /// The request's id: the one it came with, or the one made from the trace.
    pub(crate) fn request_id(&self) -> Option<Cow<'_, str>> {
        RequestContext::request_id_of(self.request.as_deref(), self.trace_id)
    }

    /// The session: the one it came with, or one of the trace's own.
    pub(crate) fn session_id(&self) -> Option<Cow<'_, str>> {
        RequestContext::session_id_of(self.request.as_deref(), self.trace_id)
    }

    /// `rag.<layer>`, or an event's target.
    pub(crate) fn logger(&self) -> Cow<'_, str> {
        match self.layer {
            Some(layer) => format!("rag.{layer}").into(),
            None => self.event_target().into(),
        }
    }

    /// Where an event came from.
    pub(crate) fn event_target(&self) -> &str {
        self.log_target
            .map_or(self.target, |text| self.fields.text.get(text))
    }

    /// The record's message.
    pub(crate) fn message_text(&self) -> Cow<'_, str> {
        if self.kind == Kind::Event {
            return self
                .message
                .map_or("", |text| self.fields.text.get(text))
                .into();
        }
        let (before, behind) = self.affixes();
        format!("{before}{}{behind}", self.operation).into()
    }

    /// Returns the stack trace of a failed call: the annotated functions from the root to here, a line each, then the
    /// backtrace, if there is one.
    pub(crate) fn stack_trace(&self) -> Option<String> {
        let failure = self.failure.as_ref()?;
        if failure.path.len() == 0 {
            return None;
        }
        let backtrace = failure.backtrace.as_deref().map(String::from);
        let lines: Vec<String> = failure.path.lines().chain(backtrace).collect();
        Some(lines.join("\n"))
    }

    /// Returns the texts before and after the operation in the message of a span's record.
    pub(crate) fn affixes(&self) -> (&'static str, &'static str) {
        match (self.kind, self.outcome) {
            (Kind::Started, _) => ("", "_started"),
            (Kind::FirstItem, _) => ("", "_first_item"),
            (_, Outcome::Success) if self.slow.is_some() => ("slow_", ""),
            (_, outcome) => ("", outcome.message_suffix()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_without_a_label_is_named_by_its_type() {
        let names = [
            ("my_app::search::SearchError", "SearchError"),
            ("std::io::error::Error", "Error"),
            ("app::Wrapped<app::Inner>", "Wrapped"),
            (
                "alloc::boxed::Box<dyn core::error::Error + core::marker::Send>",
                "Error",
            ),
            ("&str", "str"),
        ];
        for (name, expected) in names {
            assert_eq!(ErrorKind::TypeName(name).label(), expected, "{name}");
        }
    }

    #[test]
    fn everything_that_a_record_holds_is_counted() {
        let text = "x".repeat(50_000);
        let counts = |record: &Record| record.held_bytes() > 50_000;
        let with = |change: &dyn Fn(&mut Record)| {
            let mut record = Record::default();
            change(&mut record);
            record
        };
        assert!(!counts(&Record::default()));
        assert!(counts(&with(&|record| record.fields.push_text("a", &text))));
        assert!(counts(&with(&|record| {
            let mut request = RequestContext::default();
            request.fields.push_text("a", &text);
            record.request = Some(Arc::new(request));
        })));
        assert!(counts(&with(&|record| {
            let user_id = Some(text.as_str().into());
            let request = RequestContext {
                user_id,
                ..RequestContext::default()
            };
            record.request = Some(Arc::new(request));
        })));
        assert!(counts(&with(&|record| {
            let backtrace = Some(text.as_str().into());
            record.failure = Some(Failure {
                backtrace,
                ..Failure::default()
            });
        })));
        assert!(counts(&with(&|record| record.documents.reserve(5_000))));
        assert!(counts(&with(&|record| {
            (0..5_000).for_each(|_| record.fields.push("n", crate::value::Value::Bool(true)));
        })));
    }

    #[test]
    fn a_recycled_record_is_small() {
        let mut record = Record::default();
        (0..5_000).for_each(|_| record.fields.push_text("a", "some text"));
        record.recycle();
        assert!(record.held_bytes() < 8 * 1024, "{}", record.held_bytes());
    }

    #[test]
    fn a_recycled_record_is_as_new() {
        let mut record = Record {
            sequence: 7,
            outcome: Outcome::Panic,
            ..Record::default()
        };
        record.fields.push_text("secret", "value");
        record.recycle();
        assert_eq!(format!("{record:?}"), format!("{:?}", Record::default()));
    }
}
