//! Futures and HTTP bodies that are polled inside the span of their call.

use std::pin::Pin;

use crate::cancel::{CancelGuard, CancelledBy};
use crate::record::Outcome;
use crate::span::call::{Call, PollGuard};

pin_project_lite::pin_project! {
    /// A value that is polled and dropped inside the span of its call, if it has one.
    #[derive(Debug)]
    pub(crate) struct WithCall<T> {
        // Declared before the call, so that it is dropped first; the call then leaves the span and ends.
        #[pin]
        inner: T,
        call: Option<Call>,
        // Nothing more is to come, so a drop ends the call with the outcome of its value.
        is_complete: bool,
        // A client waits for it on a connection.
        is_served: bool,
        // Set while this value is dropped, and dropped last: so it covers all calls that are dropped inside.
        reason: Option<CancelGuard>,
    }

    impl<T> PinnedDrop for WithCall<T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let Some(call) = this.call else {
                return;
            };
            // A response with an error status has failed even if the client did not read all of it.
            let has_outcome = *this.is_complete || call.outcome == Outcome::Error;
            call.set_has_outcome(has_outcome);
            if *this.is_served && !has_outcome {
                *this.reason = CancelGuard::set_if_unknown(CancelledBy::by_peer());
            }
            call.enter_to_drop();
        }
    }
}

impl<T> WithCall<T> {
    /// Combines a value with its call. A drop is a cancellation from now on.
    pub(crate) fn new(mut call: Option<Call>, inner: T) -> Self {
        if let Some(call) = &mut call {
            call.resume();
        }
        Self {
            inner,
            call,
            is_complete: false,
            is_served: false,
            reason: None,
        }
    }

    /// Combines a value that a client waits for with its call. A drop means that the client has disconnected.
    pub(crate) fn served(call: Option<Call>, inner: T) -> Self {
        let mut with_call = Self::new(call, inner);
        with_call.is_served = true;
        with_call
    }

    pub(crate) fn get(&self) -> &T {
        &self.inner
    }

    /// Runs `poll` inside the span.
    pub(crate) fn poll<R>(self: Pin<&mut Self>, poll: impl FnOnce(Pin<&mut T>) -> R) -> R {
        let this = self.project();
        let _guard = this.call.as_mut().map(PollGuard::enter);
        poll(this.inner)
    }

    pub(crate) fn call(self: Pin<&mut Self>) -> Option<&mut Call> {
        self.project().call.as_mut()
    }

    /// Declares that nothing more is to come, so a drop is not a cancellation.
    pub(crate) fn complete(self: Pin<&mut Self>) {
        *self.project().is_complete = true;
    }

    /// Takes the call out.
    pub(crate) fn take(self: Pin<&mut Self>) -> Option<Call> {
        self.project().call.take()
    }

    /// Ends the call with the outcome of its value.
    pub(crate) fn end(self: Pin<&mut Self>) {
        if let Some(mut call) = self.take() {
            call.end();
        }
    }
}
