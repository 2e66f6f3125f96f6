//! Bodies that are futures.
//!
//! The body is polled inside the span, without a task of its own. A body that is dropped before it is ready is
//! dropped inside the span too, so that calls that end with it are recorded before it and below it.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::span::call::{Call, PollGuard};

pin_project_lite::pin_project! {
    /// A future with its call, which ends when the future is ready or dropped.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct CallFuture<F, D> {
        // Declared before the call, so that it is dropped first; the call then leaves the span and ends.
        #[pin]
        body: F,
        call: Call,
        done: D,
    }

    impl<F, D> PinnedDrop for CallFuture<F, D> {
        fn drop(this: Pin<&mut Self>) {
            this.project().call.enter_to_drop();
        }
    }
}

impl Call {
    /// Runs the body of an async function. `done` classifies its value.
    #[inline]
    pub fn future<F: Future, D: FnMut(&F::Output, &mut Self)>(
        mut self,
        body: F,
        done: D,
    ) -> CallFuture<F, D> {
        self.mark_cancellable();
        let call = self;
        CallFuture { body, call, done }
    }

    /// Runs the future that a function returned. A deferred call starts with the first poll.
    #[inline]
    pub fn returned_future<F: IntoFuture, D: FnMut(&F::Output, &mut Self)>(
        self,
        returned: F,
        done: D,
    ) -> CallFuture<F::IntoFuture, D> {
        self.future(returned.into_future(), done)
    }
}

impl<F: Future, D: FnMut(&F::Output, &mut Call)> Future for CallFuture<F, D> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        poll(this.call, this.body, this.done, context)
    }
}

/// Classifies a value. A `dyn FnMut` would also compile `FnOnce::call_once` for each function.
trait Classify<R> {
    fn classify(&mut self, value: &R, call: &mut Call);
}

impl<R, D: FnMut(&R, &mut Call)> Classify<R> for D {
    #[inline]
    fn classify(&mut self, value: &R, call: &mut Call) {
        self(value, call);
    }
}

/// Polls the body inside the span. It takes trait objects, so that it is compiled once for each type of a value and
/// not for each function.
#[inline(never)]
fn poll<R>(
    call: &mut Call,
    body: Pin<&mut dyn Future<Output = R>>,
    done: &mut dyn Classify<R>,
    context: &mut Context<'_>,
) -> Poll<R> {
    let mut guard = PollGuard::enter(call);
    let polled = body.poll(context);
    if let Poll::Ready(value) = &polled {
        done.classify(value, guard.start_classifying());
    }
    polled
}
