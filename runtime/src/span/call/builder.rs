//! Creates calls, with the options of their annotations.

use tracing::{Span, Value};

use super::lifecycle::Call;
use super::start::{Listeners, start};
use crate::scope::{LogContext, ReceivedHeaders, fields_over};
use crate::span::callsite::SpanCallsite;
use crate::span::options::SpanOptions;
use crate::span::span_ref::{SpanRef, SpanRefs};
use crate::trace::Inherited;

/// A call about to be created.
#[derive(Debug)]
pub struct CallBuilder {
    callsite: &'static SpanCallsite,
    listeners: Listeners,
    options: SpanOptions,
}

impl CallBuilder {
    /// Makes the span a child of `parent`, or the root of a new trace.
    #[must_use]
    pub fn parent(mut self, parent: impl SpanRef) -> Self {
        self.options.parent = Some(parent.id());
        self
    }

    /// Adds spans that the span follows from.
    #[must_use]
    pub fn follows_from(mut self, causes: impl SpanRefs) -> Self {
        self.options.follows_from.extend(causes.ids());
        self
    }

    /// Sets the request fields for the call and all code inside it.
    #[must_use]
    pub fn context(mut self, context: &dyn LogContext) -> Self {
        self.options.context = Some(fields_over(context, &Inherited::default()));
        self.options.received = context.received_headers().map(ReceivedHeaders::into_inner);
        self
    }

    /// Creates the call with the values of the callsite's first fields. The span is opened now, or by the first poll
    /// of the future that the function returns.
    #[must_use]
    pub fn call(self, values: &[&dyn Value]) -> Call {
        let callsite = self.callsite;
        if callsite.is_deferred {
            return Call::pending(callsite, self.options, values);
        }
        let (span, observer) = start(callsite, self.listeners, self.options, values);
        Call::running(callsite, span, observer)
    }
}

impl Call {
    /// Creates a call without options: opens its span and counts it.
    #[must_use]
    #[inline(never)]
    pub fn open(callsite: &'static SpanCallsite) -> Self {
        Self::open_as(callsite, |builder| builder.call(&[]))
    }

    /// Creates a call, and records these values as the callsite's first fields.
    #[must_use]
    #[inline(never)]
    pub fn open_with(callsite: &'static SpanCallsite, values: &[&dyn Value]) -> Self {
        let mut call = Self::open(callsite);
        if call.has_listeners() {
            call.fields(0, values);
        }
        call
    }

    /// Creates a call with the options that `open` sets. `open` is not called if there are no listeners.
    pub fn open_as(
        callsite: &'static SpanCallsite,
        open: impl FnOnce(CallBuilder) -> Self,
    ) -> Self {
        match Listeners::find(callsite) {
            Some(listeners) => open(CallBuilder {
                callsite,
                listeners,
                options: SpanOptions::default(),
            }),
            None => Self::running(callsite, Span::none(), None),
        }
    }
}
