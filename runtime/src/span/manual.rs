//! The handle by which a block that is measured records values in its own call.
//!
//! What it is told is kept beside the call and not in the span tree, so it arrives where a filter hides the span, and from any thread.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use tracing::Value;

use super::call::Call;
use super::value::{Metric, metric};
use crate::context::{SpanId, TraceId};
use crate::value::Fields;

/// Names of metrics beyond these are one.
const MAX_METRICS: usize = 1024;

/// The call of a block under [`span!`](crate::span!), as the block sees it.
///
/// It is cheap to clone and can be sent to other threads and tasks. What is recorded after the block has ended is ignored, and where
/// nobody listens nothing is kept.
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
pub struct Span(Option<Arc<Told>>);

/// What a block has told of itself so far.
pub(super) struct Told {
    trace_id: Option<TraceId>,
    span_id: Option<SpanId>,
    /// `None` once the call has ended.
    fields: Mutex<Option<Fields>>,
}

impl Span {
    /// The handle of a call that nobody listens to.
    #[doc(hidden)]
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    /// Records a value: text, a number or a boolean as it is, another by [`tracing::field::display`] or [`tracing::field::debug`].
    ///
    /// It stands in the record's `context` under its key, or among the `metrics` if the key is `metrics.` and a name and the value a
    /// number. Of one key the last value counts, also over what the arguments of the macro record.
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
        if let Some(told) = &self.0 {
            told.keep(key, &value);
        }
    }

    /// Records a number among the record's `metrics`.
    pub fn metric(&self, key: &'static str, number: impl Metric) {
        if let Some(told) = &self.0 {
            told.keep(metric_field(key), metric(&number));
        }
    }

    /// The id of the trace, for a log line or a response; `None` where nobody listens.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        self.0.as_ref()?.trace_id
    }

    /// The id of this call; `None` where nobody listens.
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

impl Told {
    pub(super) fn new(trace_id: Option<TraceId>, span_id: Option<SpanId>) -> Self {
        Self {
            trace_id,
            span_id,
            fields: Mutex::new(Some(Fields::default())),
        }
    }

    fn keep(&self, key: &'static str, value: &dyn Value) {
        // What is printed here is the user's `Debug`, so no lock is held.
        let mut told = Fields::default();
        told.capture(key, value);
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fields) = &mut *fields {
            fields.set(key, &told);
        }
    }

    /// The call ends: gives what was told, and takes nothing more.
    pub(super) fn end(&self, into: &mut Fields) {
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = fields.take() {
            into.append(&told);
        }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Told").finish_non_exhaustive()
    }
}

impl Call {
    /// The call, and its handle.
    #[must_use]
    pub fn with_handle(mut self) -> (Self, Span) {
        let span = self.handle();
        (self, span)
    }

    /// Runs a block that is given its handle, and judges its value. By `_expected` the compiler knows the type that is expected of it.
    #[inline]
    pub fn block<R>(
        mut self,
        expected: Option<R>,
        body: impl FnOnce(Span) -> R,
        done: impl FnOnce(&R, &mut Self),
    ) -> R {
        let span = self.handle();
        self.block_alone(expected, || body(span), done)
    }

    /// The same for one without a handle.
    #[inline]
    pub fn block_alone<R>(
        mut self,
        _expected: Option<R>,
        body: impl FnOnce() -> R,
        done: impl FnOnce(&R, &mut Self),
    ) -> R {
        self.enter();
        let value = body();
        done(&value, &mut self);
        value
    }

    fn handle(&mut self) -> Span {
        Span(self.watch.as_mut().map(super::watch::Watch::told_by_hand))
    }
}

/// A block, where instrumentation is switched off.
#[inline]
pub fn plain_block<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// The same for one that is given its handle.
#[inline]
pub fn plain_block_with<R>(body: impl FnOnce(Span) -> R) -> R {
    body(Span::none())
}

/// The field of a metric. Keys are the program's own and few, but one that made them up would keep them for good, so there is a bound.
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
        return known(&names).unwrap_or(ragspan_core::record::keys::OTHER.field);
    }
    names
        .entry(key)
        .or_insert_with(|| String::leak(format!("metrics.{key}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(told: &Told) -> Vec<(&'static str, String)> {
        let mut fields = Fields::default();
        told.end(&mut fields);
        let mut kept = Vec::new();
        for (name, value) in fields.iter() {
            let mut one = fields.clone();
            one.push(name, value);
            kept.push((name, one.last_as_text().unwrap().to_owned()));
        }
        kept
    }

    #[test]
    fn of_one_key_the_last_value_is_kept() {
        let told = Told::new(None, None);
        told.keep("a", &1);
        told.keep("b", &true);
        told.keep("a", &"two");
        assert_eq!(
            kept(&told),
            [("b", String::from("true")), ("a", String::from("two"))]
        );
    }

    #[test]
    fn a_call_that_has_ended_takes_nothing() {
        let told = Told::new(None, None);
        told.keep("a", &1);
        assert_eq!(kept(&told).len(), 1);
        told.keep("a", &2);
        assert_eq!(kept(&told), []);
    }

    #[test]
    fn a_metric_is_named_once() {
        let first = metric_field("pages");
        assert_eq!(first, "metrics.pages");
        assert!(std::ptr::eq(first, metric_field("pages")));
        assert_eq!(metric_field("metrics.pages"), "metrics.pages");
    }

    #[test]
    fn a_handle_that_nobody_listens_to_says_so() {
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
