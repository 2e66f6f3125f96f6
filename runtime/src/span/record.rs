//! Records a value in the enclosing call without a handle to it.

use crate::context::carrier;
use crate::dispatch;
use crate::value::Fields;

/// Records a value in the nearest annotated call or manual span around the code that runs here: text, a number or a boolean as it is,
/// another by [`tracing::field::display`] or [`tracing::field::debug`].
///
/// It stands in the `context` of the call's completion under its key, or among its `metrics` if the key is `metrics.` and a name and
/// the value a number. Of one key the last value counts. A call that a filter hides is passed over, and where there is none the value is
/// dropped; a manual span that may be hidden is better told by its [handle](crate::Span).
///
/// ```
/// fn chunk(pages: &[&str]) -> usize {
///     ragspan::record("metrics.pages", pages.len());
///     pages.len() * 2
/// }
///
/// #[ragspan::rag_span(layer = "ingestion")]
/// fn ingest(file: &str) -> usize {
///     ragspan::record("format", "markdown");
///     chunk(&[file])
/// }
///
/// let (_, seen) = ragspan::testing::capture(|| ingest("# Bees"));
/// let record = seen.record("ingest_complete");
/// assert_eq!(record["context"]["format"], "markdown");
/// assert_eq!(record["metrics"]["pages"], 1);
/// ```
pub fn record(key: &'static str, value: impl tracing::Value) {
    if dispatch::current().is_none() {
        return;
    }
    // What is printed here is the user's `Debug`, so no lock is held.
    let mut told = Fields::default();
    told.capture(key, &value);
    carrier::add_late_here(|late| late.set(key, &told));
}
