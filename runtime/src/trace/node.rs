//! The node of an annotated call or a scope in the span tree of `tracing_subscriber`'s `Registry`.
//!
//! Nodes are extensions of the spans of the unfiltered `Registry`, reached through the dispatcher and never through a
//! layer's own view: so per-layer filters, `reload` and `in_current_span` cannot hide them. Lookups walk up from a
//! span to the nearest node; spans of other libraries have no node and are skipped.

use tracing::span::Id;
use tracing::{Dispatch, Span, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::error_origin::ErrorOrigins;
use super::inherited::Inherited;
use super::local::LocalTrace;
use super::self_time::Children;
use crate::value::Fields;

/// The data of one call or scope: what code inside inherits, and what calls inside report.
#[derive(Debug)]
pub(super) struct SpanNode {
    pub(super) inherited: Inherited,
    /// False for a scope, which has request fields only; reports pass through it.
    pub(super) is_call: bool,
    /// The start of the call, in Unix microseconds.
    pub(super) start: u64,
    /// The call has ended, though code that it started may still run below it.
    pub(super) has_ended: bool,
    pub(super) error_origins: ErrorOrigins,
    /// Fields recorded by code inside while the call ran.
    pub(super) late: Fields,
    /// The intervals in which child calls ran.
    pub(super) children: Children,
}

impl SpanNode {
    /// Creates the node of a call that starts at `start`, or of a scope.
    pub(super) fn new(inherited: Inherited, start: Option<u64>) -> Self {
        Self {
            inherited,
            is_call: start.is_some(),
            start: start.unwrap_or_default(),
            has_ended: false,
            error_origins: ErrorOrigins::default(),
            late: Fields::default(),
            children: Children::default(),
        }
    }

    pub(super) fn is_running_call(&self) -> bool {
        self.is_call && !self.has_ended
    }
}

/// The `Registry` drops a node once nothing runs in or below its span any more.
impl Drop for SpanNode {
    fn drop(&mut self) {
        if let Some(trace) = self.inherited.trace.take() {
            LocalTrace::leave(trace);
        }
    }
}

/// Calls `update` with the nearest enclosing call of this span, if there is one.
#[inline]
pub(super) fn notify_parent(span: &SpanRef<'_, Registry>, update: impl FnOnce(&mut SpanNode)) {
    let mut above = span.parent();
    while let Some(span) = above {
        let mut extensions = span.extensions_mut();
        let node = extensions.get_mut::<SpanNode>();
        if let Some(node) = node.filter(|node| node.is_call) {
            return update(node);
        }
        drop(extensions);
        above = span.parent();
    }
}

/// Calls `read` with the span's entry in the `Registry`, if it has one.
pub(super) fn with_registry_span<R>(
    span: &Span,
    read: impl FnOnce(SpanRef<'_, Registry>) -> Option<R>,
) -> Option<R> {
    span.with_subscriber(|(id, dispatch): (&Id, &Dispatch)| {
        read(dispatch.downcast_ref::<Registry>()?.span(id)?)
    })
    .flatten()
}

/// Calls `read` with the `Registry` and the current span of this thread.
pub(super) fn with_current_span<R>(
    mut read: impl FnMut(SpanRef<'_, Registry>) -> Option<R>,
) -> Option<R> {
    tracing::dispatcher::get_default(|dispatch| {
        let registry = dispatch.downcast_ref::<Registry>()?;
        let current = registry.current_span();
        read(registry.span(current.id()?)?)
    })
}
