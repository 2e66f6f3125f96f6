//! Starts a call: creates its span and its observer.

use tracing::subscriber::NoSubscriber;
use tracing::{Span, Value};

use crate::dispatch::{self, Handle};
use crate::span::callsite::SpanCallsite;
use crate::span::observer::CallObserver;
use crate::span::options::SpanOptions;
use crate::trace::thread;

/// The listeners of a call that is about to start.
#[derive(Debug)]
pub(super) struct Listeners {
    /// The subscriber would enable the span. The user's expressions run before the span is opened, and some calls open it
    /// with the first poll, so the subscriber is asked once more then.
    is_span_enabled: bool,
    handle: Option<Handle>,
}

impl Listeners {
    /// Returns the listeners of the callsite on this thread; `None` if there is neither a pipeline nor a subscriber
    /// that enables the span.
    pub(super) fn find(callsite: &'static SpanCallsite) -> Option<Self> {
        let (is_span_enabled, handle) = (callsite.is_wanted(), dispatch::current());
        if handle.is_none() {
            dispatch::hint_not_started(callsite.info.operation);
            if !is_span_enabled || has_no_subscriber() {
                return None;
            }
        }
        Some(Self {
            is_span_enabled,
            handle,
        })
    }
}

/// Returns whether this thread has no subscriber. A callsite's cached interest covers other threads as well, and past
/// subscribers.
#[cold]
fn has_no_subscriber() -> bool {
    tracing::dispatcher::get_default(|to| to.is::<NoSubscriber>())
}

/// Opens the span with the values of the callsite's first fields, and starts the observer if there is a pipeline.
#[inline(always)]
pub(super) fn start(
    callsite: &'static SpanCallsite,
    listeners: Listeners,
    options: SpanOptions,
    values: &[&dyn Value],
) -> (Span, Option<CallObserver>) {
    let is_enabled = listeners.is_span_enabled && callsite.is_enabled();
    // The closure is compiled apart, so the common case does not use it.
    let span = if !is_enabled {
        Span::none()
    } else if thread::can_open_spans() {
        open_span(callsite, &options, values)
    } else {
        thread::open_first(|| open_span(callsite, &options, values))
    };
    // An ending thread does not ask the filters.
    let is_filtered = !is_enabled && !thread::is_ending();
    for cause in &options.follows_from {
        span.follows_from(cause);
    }
    let observer = listeners.handle.map(|handle| {
        let mut observer = CallObserver::start(callsite, &span, handle, options);
        observer.is_filtered = is_filtered;
        observer.capture(callsite, 0, values);
        observer
    });
    (span, observer)
}

#[inline(always)]
fn open_span(
    callsite: &'static SpanCallsite,
    options: &SpanOptions,
    values: &[&dyn Value],
) -> Span {
    let metadata = callsite.metadata();
    let mut all: Vec<Option<&dyn Value>> = Vec::new();
    let values = if values.is_empty() {
        metadata.fields().value_set(&[])
    } else {
        all.extend(values.iter().copied().map(Some));
        all.resize(metadata.fields().len(), None);
        metadata.fields().value_set_all(&all)
    };
    match &options.parent {
        None => Span::new(metadata, &values),
        Some(None) => Span::new_root(metadata, &values),
        Some(Some(parent)) => Span::child_of(parent.clone(), metadata, &values),
    }
}
