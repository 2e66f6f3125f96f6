//! The observer of one call, from its start to its end.

use std::fmt::Display;
use std::sync::Arc;

use ragspan_core::record::keys;
use tracing::{Span, Value};

use super::attach::attach;
use super::labels::{exemplar, layer_name};
use super::llm_usage::LlmUsage;
use super::meter::Meter;
use super::stream_stats::StreamStats;
use crate::clock::{self, Moment};
use crate::context::Frame;
#[cfg(feature = "http")]
use crate::context::{RequestContext, TraceId};
use crate::dispatch::Handle;
use crate::record::{Kind, Level, MAX_DOCUMENTS, Record};
use crate::span::callsite::SpanCallsite;
use crate::span::document::Document;
use crate::span::options::SpanOptions;
use crate::span::recorded_fields::RecordedFields;
use crate::trace::LocalTrace;
use crate::value::{FieldVisitor, Fields, Value as Number};

/// Collects the record and the metrics of a running call.
#[derive(Debug)]
pub(in crate::span) struct CallObserver {
    pub(super) record: Box<Record>,
    pub(super) handle: Handle,
    pub(super) meter: Meter,
    pub(in crate::span) start: Moment,
    /// No enclosing call has the same layer, so this one counts as a request of the layer.
    pub(super) is_outermost: bool,
    /// No call of this process encloses it, though a call of another service may.
    pub(super) is_local_root: bool,
    pub(in crate::span) failure_level: Level,
    pub(super) trace: Arc<LocalTrace>,
    /// The fields of the nearest scope. Outside of a scope the fields of `trace` apply.
    pub(super) frame: Option<Arc<Frame>>,
    pub(super) llm_usage: Option<Box<LlmUsage>>,
    /// A filter disables the span.
    pub(in crate::span) is_filtered: bool,
    /// The call failed with a status code, which has no error text: its origin is the last error recorded inside.
    pub(super) failed_by_status: bool,
    /// The fields recorded through handles of the call.
    pub(super) recorded: Option<Arc<RecordedFields>>,
}

impl CallObserver {
    /// Starts to observe a call: gives it its ids, attaches it to its span, and counts it as running.
    pub(in crate::span) fn start(
        callsite: &'static SpanCallsite,
        span: &Span,
        handle: Handle,
        options: SpanOptions,
    ) -> Self {
        let mut record = handle.blank();
        let start = clock::now();
        let (layer_bit, meter) = Meter::find(callsite, &handle);
        let attached = attach(callsite, layer_bit, (span, start), options, &mut record);
        if attached.is_outermost {
            meter.started();
        }
        Self {
            record,
            handle,
            meter,
            start,
            is_outermost: attached.is_outermost,
            is_local_root: attached.is_local_root,
            failure_level: callsite.failure_level,
            trace: attached.trace,
            frame: attached.frame,
            llm_usage: None,
            is_filtered: false,
            failed_by_status: false,
            recorded: None,
        }
    }

    /// Returns the fields shared with the handles of the call.
    pub(in crate::span) fn recorded_fields(&mut self) -> Arc<RecordedFields> {
        let (trace_id, span_id) = (self.record.trace_id, self.record.span_id);
        let new = || Arc::new(RecordedFields::new(trace_id, span_id));
        Arc::clone(self.recorded.get_or_insert_with(new))
    }

    /// Returns the fields of the record.
    pub(in crate::span) fn fields(&mut self) -> &mut Fields {
        &mut self.record.fields
    }

    /// Records the name of the model.
    pub(in crate::span) fn model(&mut self, model: &dyn Display) {
        let fields = &mut self.record.fields;
        let text = fields.text.print(format_args!("{model}"));
        fields.push(keys::MODEL.field, Number::Text(text));
        self.llm_usage().model = Some(text);
    }

    /// Returns the LLM usage, to be updated.
    pub(in crate::span) fn llm_usage(&mut self) -> &mut LlmUsage {
        self.llm_usage.get_or_insert_default()
    }

    #[cfg(feature = "http")]
    pub(in crate::span) fn trace_id(&self) -> Option<TraceId> {
        self.record.trace_id
    }

    /// Returns the current fields of the request.
    #[cfg(feature = "http")]
    pub(in crate::span) fn request(&self) -> Option<Arc<RequestContext>> {
        self.trace.request(self.frame.as_deref())
    }

    /// Adds a document to the record, unless it has [`MAX_DOCUMENTS`] already.
    pub(in crate::span) fn document(&mut self, document: &Document<'_>, position: u32) {
        let record = &mut *self.record;
        if record.documents.len() < MAX_DOCUMENTS {
            let retrieved = document.to_retrieved(position, &mut record.fields);
            record.documents.push(retrieved);
        }
    }

    /// Returns whether no other layer receives fields and events of the call.
    pub(in crate::span) fn is_sole_listener(&self) -> bool {
        self.handle.is_sole_listener()
    }

    /// Records the values as the callsite's fields, starting with the field at index `first`.
    pub(in crate::span) fn capture(
        &mut self,
        callsite: &'static SpanCallsite,
        first: usize,
        values: &[&dyn Value],
    ) {
        let names = callsite.metadata().fields().iter().skip(first);
        let mut capture = FieldVisitor(&mut self.record.fields);
        for (name, value) in names.zip(values) {
            value.record(&name, &mut capture);
        }
    }

    /// Emits the `_started` record if the level DEBUG is enabled.
    pub(in crate::span) fn emit_started(&self, callsite: &'static SpanCallsite) {
        if self.handle.wants(Level::Debug, callsite.target) && !self.is_filtered {
            self.emit(Kind::Started, self.record.start);
        }
    }

    /// Emits the `_first_item` record of a stream if the level DEBUG is enabled.
    pub(in crate::span) fn emit_first_item(&self, callsite: &'static SpanCallsite, micros: u64) {
        if self.handle.wants(Level::Debug, callsite.target) && !self.is_filtered {
            self.emit(Kind::FirstItem, self.record.start + micros);
        }
    }

    fn emit(&self, kind: Kind, timestamp: u64) {
        let mut record = self.handle.blank();
        *record = self.record.beside(kind, timestamp);
        record.request = self.trace.request(self.frame.as_deref());
        self.handle.push(record);
    }

    /// Records the timing of a stream.
    pub(in crate::span) fn record_stream(&mut self, stats: &StreamStats) {
        let exemplar = exemplar(&self.record);
        let fields = &mut self.record.fields;
        fields.push(keys::ITEMS.field, Number::U64(stats.items));
        if let Some(first) = stats.first_item {
            fields.push(keys::TIME_TO_FIRST_ITEM_MS.field, Number::millis(first));
            fields.push(
                keys::LONGEST_GAP_MS.field,
                Number::millis(stats.longest_gap),
            );
            let (operation, layer) = (self.record.operation, layer_name(&self.record));
            let registry = self.handle.registry();
            registry.first_item(operation, layer, first, &exemplar);
        }
    }
}
