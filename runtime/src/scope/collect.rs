//! Collects the fields that a context reports, and counts rejected ids.

use super::visitor::ContextVisitor;
use crate::context::RequestContext;
use crate::dispatch;

/// Adds the fields that `visit` reports to `request`.
pub(super) fn collect(request: &mut RequestContext, visit: impl FnOnce(&mut ContextVisitor<'_>)) {
    let mut out = ContextVisitor::new(request);
    visit(&mut out);
    count_rejected(out.rejected());
}

/// Counts ids that were rejected as malformed, in `ragspan_propagation_rejected_total`.
pub(super) fn count_rejected(ids: u64) {
    if ids > 0
        && let Some(handle) = dispatch::current()
    {
        handle.registry().propagation_rejected(ids);
    }
}
