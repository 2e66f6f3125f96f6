//! Attaches a node to a span.

use tracing::Span;
use tracing::span::Id;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan;

use super::inherited::Inherited;
use super::lookup::{below, current, inherited};
use super::node::{SpanNode, notify_parent};

/// Attaches a node to `span`, and returns the second value that `make` returned.
///
/// `make` receives the data of the nearest node above, and returns the data of the new one. Without a span or a
/// `Registry` nothing is attached, but `make` is still called: then with the data of the explicit `parent` if there
/// is one, or of the current code. `start` is the start of a call in Unix microseconds, and `None` for a scope.
pub(crate) fn attach<R>(
    span: &Span,
    parent: Option<Option<&Id>>,
    start: Option<u64>,
    make: impl FnOnce(Inherited) -> (Inherited, R),
) -> R {
    let mut make = Some(make);
    let attached = span.with_subscriber(|(id, dispatch)| {
        let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
        let above = span.parent().and_then(inherited).unwrap_or_default();
        let (inherited, result) = make.take()?(above);
        if let Some(start) = start {
            notify_parent(&span, |node| node.children.begin(start));
        }
        span.extensions_mut()
            .replace(SpanNode::new(inherited, start));
        Some(result)
    });
    match (attached.flatten(), make) {
        (Some(result), _) => result,
        (None, Some(make)) => make(parent.map_or_else(current, below)).1,
        (None, None) => unreachable!("`make` was taken, so it has returned"),
    }
}
