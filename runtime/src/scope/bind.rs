//! Adds and removes fields of the request that the current code is part of.

use tracing::Value;

use super::collect::{collect, count_rejected};
use super::visitor::ContextVisitor;
use crate::context::RequestContext;
use crate::trace;
use crate::value::Fields;

/// Adds a field to the request that this code is part of. All records written from now on have the field, including the
/// completion records of calls that are already running.
///
/// The field belongs to the nearest enclosing scope and ends with it; outside of a scope it belongs to the trace. A
/// nested scope starts with the fields bound outside of it so far. `request_id`, `user_id`, `session_id` and
/// `tenant_id` are fields of the record itself, as in a [`LogContext`](crate::LogContext). A value that records
/// nothing, like `None`, changes nothing. Outside of any scope and any call the function has no effect.
///
/// A request keeps 256 fields with a MiB of text, and 256 metrics; the metric `fields_left_out` of its records is the
/// number of those beyond that.
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
    let inherited = trace::current();
    let Some(frame) = inherited.frame() else {
        return;
    };
    // The value is formatted before the frame is locked, since its `Display` or `Debug` is user code.
    let mut added = Fields::default();
    added.capture(key, &value);
    let mut accepted = true;
    frame.bind(|request| accepted = request.set(key, &mut added));
    count_rejected(u64::from(!accepted));
}

/// Removes a field from the request that this code is part of, whether [`bind`] added it or the scope had it from the
/// start.
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
    if let Some(frame) = trace::current().frame() {
        frame.bind(|request| request.remove(key));
    }
}

/// Adds the fields that `visit` reports to the request that this code is part of.
pub(super) fn bind_all(visit: impl FnOnce(&mut ContextVisitor<'_>)) {
    let mut added = RequestContext::default();
    // The values are formatted before the frame is locked, since their `Display` and `Debug` are user code.
    collect(&mut added, visit);
    if let Some(frame) = trace::current().frame() {
        frame.bind(|request| *request = added.over(request));
    }
}
