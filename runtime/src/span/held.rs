//! A call that no function holds: what is served or sent goes on in it, polled inside the span and dropped there.

use std::pin::Pin;

use super::call::{Call, Polling};
use crate::context::cancel::{Because, CancelledBy};
use crate::record::Outcome;

pin_project_lite::pin_project! {
    /// What is polled, and the call that it belongs to; none, where it is not measured.
    #[derive(Debug)]
    pub(crate) struct Held<T> {
        // Dropped before the call, which then leaves the span and ends.
        #[pin]
        inner: T,
        call: Option<Call>,
        // Nothing is missing any more, so a drop ends the call as it was judged.
        is_complete: bool,
        // What waits for it is on the other side of a connection.
        is_served: bool,
        // Set by the drop, and dropped last: all that is dropped with this is dropped for that reason.
        because: Option<Because>,
    }

    impl<T> PinnedDrop for Held<T> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let Some(call) = this.call else {
                return;
            };
            // What was answered with an error has failed, whoever has read how much of it.
            call.judged = *this.is_complete || call.outcome == Outcome::Error;
            if *this.is_served && !call.judged {
                *this.because = Because::unless_known(CancelledBy::by_peer());
            }
            call.drop_inside();
        }
    }
}

impl<T> Held<T> {
    /// From now on a drop is a cancellation.
    pub(crate) fn new(mut call: Option<Call>, inner: T) -> Self {
        if let Some(call) = &mut call {
            call.mark_cancellable();
        }
        Self {
            inner,
            call,
            is_complete: false,
            is_served: false,
            because: None,
        }
    }

    /// The same, of what a peer waits for: a drop tells that it has gone.
    pub(crate) fn served(call: Option<Call>, inner: T) -> Self {
        let mut held = Self::new(call, inner);
        held.is_served = true;
        held
    }

    pub(crate) fn get(&self) -> &T {
        &self.inner
    }

    /// Runs `poll` inside the span.
    pub(crate) fn poll<R>(self: Pin<&mut Self>, poll: impl FnOnce(Pin<&mut T>) -> R) -> R {
        let this = self.project();
        let _polling = this.call.as_mut().map(Polling::of);
        poll(this.inner)
    }

    pub(crate) fn call(self: Pin<&mut Self>) -> Option<&mut Call> {
        self.project().call.as_mut()
    }

    /// What is dropped from now on is not given up: there is nothing more to come.
    pub(crate) fn complete(self: Pin<&mut Self>) {
        *self.project().is_complete = true;
    }

    /// The call, for whoever holds it from now on.
    pub(crate) fn take(self: Pin<&mut Self>) -> Option<Call> {
        self.project().call.take()
    }

    /// Ends the call as it was judged.
    pub(crate) fn end(self: Pin<&mut Self>) {
        if let Some(mut call) = self.take() {
            call.end();
        }
    }
}
