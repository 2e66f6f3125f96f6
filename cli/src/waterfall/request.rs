//! The texts about the whole request: how it ended, and who sent it.

use ragspan_store::StoredRecord;

use crate::call::CallOutcome;
use crate::format::duration;
use crate::text::safe;
use crate::trace_view::{SpanView, TraceView};

/// Returns the outcome, duration and cost of a request, such as `✗ failed after 37 ms · $0.0011`.
pub(crate) fn ending(root: &SpanView<'_>) -> String {
    let mark = root.call.outcome.mark();
    let outcome = match root.call.outcome {
        CallOutcome::Success => "",
        CallOutcome::Slow => "slow, ",
        CallOutcome::Empty => "empty after ",
        CallOutcome::Cancelled => "cancelled after ",
        CallOutcome::Failed => "failed after ",
        CallOutcome::Panicked => "panicked after ",
        CallOutcome::Unfinished => return format!("{mark} no end recorded"),
    };
    let took = duration(root.record.duration_ms.unwrap_or(0.0));
    let cost = root.call.cost().map(|cost| format!(" · {cost}"));
    format!("{mark} {outcome}{took}{}", cost.unwrap_or_default())
}

/// Returns the user, tenant and request id: of the root, or else of any record that has them.
pub(crate) fn requester(records: &[StoredRecord], trace: &TraceView<'_>) -> String {
    let known = |field: fn(&StoredRecord) -> Option<&str>| {
        let root = trace.root().and_then(|root| field(root.record));
        root.or_else(|| records.iter().find_map(field)).map(safe)
    };
    let user = known(|record| record.user_id.as_deref()).map(|user| format!("user {user}"));
    let tenant =
        known(|record| record.tenant_id.as_deref()).map(|tenant| format!("tenant {tenant}"));
    let request = known(|record| record.request_id.as_deref());
    [user, tenant, request]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}
