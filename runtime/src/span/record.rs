//! Records a value in the enclosing call without a handle to it.

use crate::dispatch;
use crate::trace;
use crate::value::Fields;

/// Records a value in the nearest enclosing call or manual span: a text, a number or a boolean as it is, any other
/// value wrapped in [`tracing::field::display`] or [`tracing::field::debug`].
///
/// The value becomes part of the call's completion record: in `context` under its key, or in `metrics` if the key
/// starts with `metrics.` and the value is a number. A later value of the same key replaces it. Calls whose span is
/// disabled by a filter are skipped, and without an enclosing call the value is dropped; use the
/// [handle](crate::Span) of a manual span if its span may be disabled.
///
/// A call keeps 256 values with a MiB of text; the metric `fields_left_out` is the number of those beyond that.
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
    // The value is formatted before a lock is taken, since its `Display` or `Debug` is user code.
    let mut recorded = Fields::default();
    recorded.capture(key, &value);
    trace::record_late_in_enclosing(|late| late.set_all(&recorded));
}
