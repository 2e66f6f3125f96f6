//! Fields that are added to a request while it runs.

use tracing::Value;

use super::scope::LogContext;
use crate::context::ContextVisitor;
use crate::context::RequestContext;
use crate::context::carrier;
use crate::dispatch;
use crate::value::Fields;

/// Adds a field to the request that this code is part of: whatever is recorded in it from now on carries the field, the
/// completions of the calls that run now among them.
///
/// It belongs to the nearest scope around this code, and ends with it; where there is no scope, it belongs to the trace. A
/// nested scope begins with what was bound outside of it by then. `request_id`, `user_id`, `session_id` and `tenant_id` have
/// their own places in a record, as in a [`LogContext`](crate::LogContext). A value that records nothing, as `None`, changes
/// nothing. Outside of any scope and any call there is no request, and nothing happens.
///
/// ```
/// #[ragspan::rag_span(layer = "api")]
/// fn answer() {
///     authenticate();
///     tracing::info!("searching");
/// }
///
/// #[ragspan::rag_span(layer = "data")]
/// fn authenticate() {
///     ragspan::scope::bind("user_id", "ada");
///     ragspan::scope::bind("plan", "free");
/// }
///
/// let (_, seen) = ragspan::testing::capture(answer);
/// for message in ["authenticate_complete", "searching", "answer_complete"] {
///     assert_eq!(seen.record(message)["user_id"], "ada");
///     assert_eq!(seen.record(message)["context"]["plan"], "free");
/// }
/// ```
pub fn bind(key: &'static str, value: impl Value) {
    let above = carrier::current();
    let Some(frame) = above.frame() else { return };
    // What the value prints is the user's code, so it is printed before the frame is locked.
    let mut added = Fields::default();
    added.capture(key, &value);
    let mut taken = true;
    frame.bind(|request| taken = request.put(key, &mut added));
    count_refused(u64::from(!taken));
}

/// Takes a field out of the request that this code is part of, for all that follows: what [`bind`] added, or the scope itself.
///
/// ```
/// #[ragspan::rag_span(layer = "api")]
/// fn answer() {
///     ragspan::scope::bind("step", 1);
///     ragspan::scope::unbind("step");
/// }
///
/// let (_, seen) = ragspan::testing::capture(answer);
/// assert!(seen.record("answer_complete")["context"]["step"].is_null());
/// ```
pub fn unbind(key: &str) {
    if let Some(frame) = carrier::current().frame() {
        frame.bind(|request| request.without(key));
    }
}

/// Adds the fields of `context` to the request that this code is part of.
pub(super) fn bind_all(context: &dyn LogContext) {
    let mut added = RequestContext::default();
    // As above: all is printed before the frame is locked.
    fill(&mut added, |out| context.visit(out));
    if let Some(frame) = carrier::current().frame() {
        frame.bind(|request| *request = added.over(request));
    }
}

/// Takes the fields that `visit` names; ids that could not be taken are counted.
pub(super) fn fill(request: &mut RequestContext, visit: impl FnOnce(&mut ContextVisitor<'_>)) {
    let mut out = ContextVisitor::new(request);
    visit(&mut out);
    count_refused(out.refused());
}

fn count_refused(ids: u64) {
    if ids > 0
        && let Some(handle) = dispatch::current()
    {
        handle.registry().propagation_rejected(ids);
    }
}
