//! Labels of metrics, taken from a record.

use crate::context::{Layer, SpanId, TraceId};
use crate::metrics::Exemplar;
use crate::record::Record;

/// Returns the exemplar that points to this record.
pub(super) fn exemplar(record: &Record) -> Exemplar {
    Exemplar {
        trace_id: record.trace_id.map_or([0; 16], TraceId::to_bytes),
        span_id: record.span_id.map_or([0; 16], SpanId::to_bytes),
        unix_ms: record.timestamp.max(record.start) / 1000,
    }
}

pub(super) fn layer_name(record: &Record) -> &'static str {
    record.layer.map_or("", Layer::name)
}
