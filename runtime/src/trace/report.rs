//! What running calls report to the calls that enclose them.

use tracing::Span;
use tracing::span::Id;
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan;

use super::error_origin::ErrorOrigin;
use super::node::{SpanNode, notify_parent, with_current_span, with_registry_span};
use super::self_time::{Children, SelfTime};
use crate::value::Fields;

/// The data that was collected for a call while it ran.
#[derive(Debug)]
pub(crate) struct Collected {
    /// Fields recorded by code inside the call.
    pub(crate) late: Fields,
    /// The duration of the call without that of its children.
    pub(crate) self_time: SelfTime,
}

/// Returns the errors that calls below this span have recorded.
pub(crate) fn error_origins(span: &Span) -> Vec<ErrorOrigin> {
    with_registry_span(span, |span| {
        let extensions = span.extensions();
        Some(extensions.get::<SpanNode>()?.error_origins.to_vec())
    })
    .unwrap_or_default()
}

/// Reports an error to the nearest enclosing call that still runs. The `length` of `origin` is that of its own path.
pub(crate) fn report_error_origin(span: &Span, origin: ErrorOrigin) {
    let mut length = origin.length;
    let mut origin = Some(origin);
    with_registry_span(span, |span| {
        span.scope().skip(1).find_map(|above| {
            let mut extensions = above.extensions_mut();
            let node = extensions.get_mut::<SpanNode>();
            let node = node.filter(|node| node.is_call)?;
            length = length.saturating_sub(1);
            if node.has_ended {
                return None;
            }
            let origin = origin.take()?;
            node.error_origins.push(ErrorOrigin { length, ..origin });
            Some(())
        })
    });
}

/// Updates the fields kept for the completion record of the call with this span.
pub(crate) fn record_late(registry: &Registry, id: &Id, update: impl FnOnce(&mut Fields)) {
    if let Some(span) = registry.span(id) {
        let mut extensions = span.extensions_mut();
        let node = extensions.get_mut::<SpanNode>().filter(|node| node.is_call);
        if let Some(node) = node {
            update(&mut node.late);
        }
    }
}

/// Updates the fields kept for the completion record of the nearest call that encloses the current code and still runs.
pub(crate) fn record_late_in_enclosing(update: impl FnOnce(&mut Fields)) {
    // `with_current_span` takes an `FnMut`.
    let mut update = Some(update);
    with_current_span(|current| {
        let call = current.scope().find(|span| {
            span.extensions()
                .get::<SpanNode>()
                .is_some_and(SpanNode::is_running_call)
        });
        let mut extensions = call.as_ref()?.extensions_mut();
        update.take()?(&mut extensions.get_mut::<SpanNode>()?.late);
        Some(())
    });
}

/// Ends the call of this span, which ran from `start` to `end`: returns what was collected for it, and reports its
/// interval to the nearest enclosing call.
pub(crate) fn report_end(span: &Span, start: u64, end: u64) -> Collected {
    let collected = with_registry_span(span, |span| {
        let (late, mut children) = {
            let mut extensions = span.extensions_mut();
            let node = extensions.get_mut::<SpanNode>()?;
            node.has_ended = true;
            (
                std::mem::take(&mut node.late),
                std::mem::take(&mut node.children),
            )
        };
        notify_parent(&span, |node| node.children.end(start, end));
        let self_time = children.close(start, end);
        Some(Collected { late, self_time })
    });
    collected.unwrap_or_else(|| Collected {
        late: Fields::default(),
        self_time: Children::default().close(start, end),
    })
}
