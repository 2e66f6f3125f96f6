//! The handle through which a block under `span!` records values in its own call.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use ragspan_core::record::keys;
use tracing::Value;

use super::call::Call;
use super::observer::CallObserver;
use super::recorded_fields::RecordedFields;
use crate::context::{SpanId, TraceId};
use crate::recordable::{Metric, metric};

/// The maximum number of metric names. Metrics with further names are recorded as `metrics.other`.
const MAX_METRICS: usize = 1024;

/// A handle of the call of a block under [`span!`](crate::span!).
///
/// It is cheap to clone and can be sent to other threads and tasks. Values recorded after the block has ended are
/// ignored, and nothing is recorded if there is no pipeline.
///
/// ```
/// fn read(file: &str) -> Vec<String> {
///     ragspan::span!("parsing", layer = "ingestion", |span| {
///         let pages = vec![file.to_owned()];
///         span.record("format", "text");
///         span.metric("pages", pages.len());
///         pages
///     })
/// }
///
/// let (_, seen) = ragspan::testing::capture(|| read("bees.txt"));
/// let record = seen.record("parsing_complete");
/// assert_eq!(record["context"]["format"], "text");
/// assert_eq!(record["metrics"]["pages"], 1);
/// ```
#[derive(Clone)]
pub struct Span(Option<Arc<RecordedFields>>);

impl Span {
    /// Returns a handle of `call`.
    pub(super) fn of(call: &mut Call) -> Self {
        let observer = call.observer.as_mut();
        Self(observer.map(CallObserver::recorded_fields))
    }

    /// Returns a handle that records nothing.
    #[doc(hidden)]
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Records a value: a text, a number or a boolean as it is, any other value wrapped in
    /// [`tracing::field::display`] or [`tracing::field::debug`].
    ///
    /// The value becomes part of the record's `context` under its key, or of its `metrics` if the key starts with
    /// `metrics.` and the value is a number. A later value of the same key replaces it, and it replaces values of the
    /// macro's arguments.
    ///
    /// ```
    /// # let path = std::path::Path::new("/bees.txt");
    /// # let (_, seen) = ragspan::testing::capture(|| {
    /// ragspan::span!("parsing", layer = "ingestion", |span| {
    ///     span.record("path", tracing::field::display(path.display()));
    ///     span.record("metrics.bytes", 512);
    /// });
    /// # });
    /// # let record = seen.record("parsing_complete");
    /// # assert_eq!((&record["context"]["path"], &record["metrics"]["bytes"]), (&"/bees.txt".into(), &512.into()));
    /// ```
    pub fn record(&self, key: &'static str, value: impl Value) {
        if let Some(recorded) = &self.0 {
            recorded.record(key, &value);
        }
    }

    /// Records a number in the record's `metrics`.
    pub fn metric(&self, key: &'static str, number: impl Metric) {
        if let Some(recorded) = &self.0 {
            recorded.record(metric_field(key), metric(&number));
        }
    }

    /// Returns the trace id, for a log line or a response; `None` if there is no pipeline.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        self.0.as_ref()?.trace_id
    }

    /// Returns the id of this call; `None` if there is no pipeline.
    #[must_use]
    pub fn span_id(&self) -> Option<SpanId> {
        self.0.as_ref()?.span_id
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Span")
            .field("trace_id", &self.trace_id())
            .field("span_id", &self.span_id())
            .finish()
    }
}

impl Call {
    /// Returns the call and a handle of it.
    #[must_use]
    pub fn with_handle(mut self) -> (Self, Span) {
        let span = Span::of(&mut self);
        (self, span)
    }
}

/// Returns the name of a metric's field. Names are leaked, so their number is bounded.
fn metric_field(key: &'static str) -> &'static str {
    static NAMES: OnceLock<RwLock<HashMap<&'static str, &'static str>>> = OnceLock::new();
    if key.starts_with("metrics.") {
        return key;
    }
    let names = NAMES.get_or_init(RwLock::default);
    let known = |names: &HashMap<_, &'static str>| names.get(key).copied();
    if let Some(known) = known(&names.read().unwrap_or_else(PoisonError::into_inner)) {
        return known;
    }
    let mut names = names.write().unwrap_or_else(PoisonError::into_inner);
    if names.len() >= MAX_METRICS {
        return known(&names).unwrap_or(keys::OTHER.field);
    }
    names
        .entry(key)
        .or_insert_with(|| String::leak(format!("metrics.{key}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_metric_is_allocated_once() {
        let first = metric_field("pages");
        assert_eq!(first, "metrics.pages");
        assert!(std::ptr::eq(first, metric_field("pages")));
        assert_eq!(metric_field("metrics.pages"), "metrics.pages");
    }

    #[test]
    fn a_handle_without_listeners_has_no_ids() {
        let span = Span::none();
        span.record("a", 1);
        span.metric("b", 2);
        assert_eq!((span.trace_id(), span.span_id()), (None, None));
        assert_eq!(
            format!("{span:?}"),
            "Span { trace_id: None, span_id: None }"
        );
    }
}
