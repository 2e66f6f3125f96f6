//! Gives a call its ids, and attaches it to the tree of running calls.

use std::sync::Arc;

use ragspan_core::record::keys;
use tracing::Span;

use crate::clock::Moment;
use crate::context::{Frame, SpanId, TraceId};
use crate::record::{Kind, Record};
use crate::span::callsite::SpanCallsite;
use crate::span::options::SpanOptions;
use crate::trace::{self, Inherited, LocalTrace};

/// The position of a call in the tree of running calls.
pub(super) struct Attached {
    /// No enclosing call has the same layer, so this one counts as a request of the layer.
    pub(super) is_outermost: bool,
    /// No call of this process encloses it, though a call of another service may.
    pub(super) is_local_root: bool,
    pub(super) trace: Arc<LocalTrace>,
    /// The fields of the nearest scope. Outside of a scope the fields of `trace` apply.
    pub(super) frame: Option<Arc<Frame>>,
}

/// Attaches the call to its span and writes its ids into `record`.
#[inline]
pub(super) fn attach(
    callsite: &'static SpanCallsite,
    layer_bit: u64,
    (span, start): (&Span, Moment),
    options: SpanOptions,
    record: &mut Record,
) -> Attached {
    let parent = options.parent.as_ref().map(Option::as_ref);
    trace::attach(span, parent, Some(start.unix_micros()), |mut inherited| {
        if let Some(received) = options.received {
            inherited.receive(received);
        }
        if let Some(context) = options.context {
            let merged = match inherited.request() {
                Some(outer) => Arc::new(context.over(&outer)),
                None => context,
            };
            inherited.frame = Some(Arc::new(Frame::new(Some(merged))));
        }
        identify(callsite, layer_bit, start, inherited, record)
    })
}

/// Gives the call its ids below `above`. Returns the data that code inside the call inherits, and the call's position.
fn identify(
    callsite: &'static SpanCallsite,
    layer_bit: u64,
    start: Moment,
    above: Inherited,
    record: &mut Record,
) -> (Inherited, Attached) {
    let unix = start.unix_micros();
    let span_id = SpanId::new(unix / 1000);
    let trace_id = above.ids.map_or(TraceId::from(span_id), |(trace, _)| trace);
    record.kind = Kind::Span;
    record.operation = callsite.info.operation;
    record.layer = Some(callsite.info.layer);
    record.start = unix;
    record.trace_id = Some(trace_id);
    record.span_id = Some(span_id);
    record.parent_span_id = above.ids.map(|(_, parent)| parent);
    if let Some(kind) = callsite.kind {
        record.fields.push_text(keys::KIND.field, kind);
    }
    let is_outermost = above.layers & layer_bit == 0;
    let is_local_root = above.callsite.is_none();
    record.is_local_root = is_local_root;
    let trace = above.trace.unwrap_or_else(|| LocalTrace::begin(unix));
    let frame = above.frame.clone();
    let inherited = Inherited {
        ids: Some((trace_id, span_id)),
        parent: record.parent_span_id,
        frame: above.frame,
        received: above.received,
        layers: above.layers | layer_bit,
        callsite: Some(&callsite.info),
        trace: Some(Arc::clone(&trace)),
    };
    let attached = Attached {
        is_outermost,
        is_local_root,
        trace,
        frame,
    };
    (inherited, attached)
}
