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
    /// The thread is ending, so its subscriber was not asked.
    is_thread_ending: bool,
    handle: Option<Handle>,
}

impl Listeners {
    /// Returns the listeners of the callsite on this thread; `None` if there is neither a pipeline nor a subscriber
    /// that enables the span.
    pub(super) fn find(callsite: &'static SpanCallsite) -> Option<Self> {
        let is_thread_ending = thread::is_ending();
        let is_span_enabled = !is_thread_ending && callsite.is_wanted();
        let handle = dispatch::current();
        if handle.is_none() {
            dispatch::hint_not_started(callsite.info.operation);
            if !is_span_enabled || has_no_subscriber() {
                return None;
            }
        }
        Some(Self {
            is_span_enabled,
            is_thread_ending,
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
    let span = if is_enabled {
        thread::open_span(|| open_span(callsite, &options, values))
    } else {
        Span::none()
    };
    let is_filtered = !is_enabled && !listeners.is_thread_ending;
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
