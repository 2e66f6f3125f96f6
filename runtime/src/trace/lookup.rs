//! Finds the call or scope that encloses a span or the current code.

use tracing::Span;
use tracing::span::Id;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::error_origin::ErrorOrigin;
use super::inherited::Inherited;
use super::node::{SpanNode, with_current_span, with_registry_span};
use crate::context::CallPath;
use crate::context::headers::Segment;

/// Returns the data that a call started by the current code would inherit.
pub(crate) fn current() -> Inherited {
    with_current_span(inherited).unwrap_or_default()
}

/// Returns the data that a call below this span would inherit.
pub(super) fn below(parent: Option<&Id>) -> Inherited {
    let found = tracing::dispatcher::get_default(|dispatch| {
        nearest(dispatch.downcast_ref::<Registry>()?, parent?)
    });
    found.unwrap_or_default()
}

/// Returns the data of the nearest node at or above this span.
pub(crate) fn nearest(registry: &Registry, id: &Id) -> Option<Inherited> {
    registry.span(id).and_then(inherited)
}

/// Returns the data of the nearest node at or above this span.
pub(super) fn inherited(from: SpanRef<'_, Registry>) -> Option<Inherited> {
    let mut span = from;
    loop {
        if let Some(node) = span.extensions().get::<SpanNode>() {
            return Some(node.inherited.clone());
        }
        span = span.parent()?;
    }
}

/// Returns the enclosing calls of the current trace, from its first call in this process to the nearest one.
pub(crate) fn segments() -> Vec<Segment> {
    let found = with_current_span(|current| {
        let mut trace = None;
        let calls = current.scope().filter_map(|span| {
            let extensions = span.extensions();
            let node = extensions.get::<SpanNode>().filter(|node| node.is_call)?;
            let (trace_id, span_id) = node.inherited.ids?;
            // Calls outside of the request's entry point belong to other traces.
            (*trace.get_or_insert(trace_id) == trace_id).then_some(Segment {
                start: node.start,
                span: span_id,
            })
        });
        let mut calls: Vec<Segment> = calls.collect();
        calls.reverse();
        Some(calls)
    });
    found.unwrap_or_default()
}

/// Returns the path of the call with this span, of which `below` is an error that a call inside has reported.
pub(crate) fn path(span: &Span, below: Option<&ErrorOrigin>) -> CallPath {
    let found = with_registry_span(span, |span| {
        let calls = span.scope().filter_map(|span| {
            let extensions = span.extensions();
            let node = extensions.get::<SpanNode>().filter(|node| node.is_call)?;
            node.inherited.callsite
        });
        Some(match below {
            Some(error) => CallPath::above(error.outermost.as_ref(), error.length, calls),
            None => CallPath::new(calls),
        })
    });
    found.unwrap_or_default()
}
