//! The futures of annotated functions.
//!
//! They poll the body straight through, inside the span. A body that is dropped before it was ready is
//! dropped inside the span too, so that what ends with it is recorded before it and below it.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::call::{Call, Polling};

pin_project_lite::pin_project! {
    /// The body of an annotated function that is a future, with the call that it belongs to.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Annotated<F, D> {
        // Dropped before the call, which then leaves the span and ends.
        #[pin]
        body: F,
        call: Call,
        done: D,
    }

    impl<F, D> PinnedDrop for Annotated<F, D> {
        fn drop(this: Pin<&mut Self>) {
            this.project().call.drop_inside();
        }
    }
}

impl<F, D> Annotated<F, D> {
    pub(super) fn new(call: Call, body: F, done: D) -> Self {
        Self { body, call, done }
    }
}

impl<F: Future, D: FnMut(&F::Output, &mut Call)> Future for Annotated<F, D> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        poll(this.call, this.body, this.done, context)
    }
}

/// What judges a value. A `dyn FnMut` would bring a second way to be called, and have it compiled for each function.
trait Judge<R> {
    fn judge(&mut self, value: &R, call: &mut Call);
}

impl<R, D: FnMut(&R, &mut Call)> Judge<R> for D {
    #[inline]
    fn judge(&mut self, value: &R, call: &mut Call) {
        self(value, call);
    }
}

/// Once for each type of a value, whatever the function: so it is not compiled anew for each.
#[inline(never)]
fn poll<R>(
    call: &mut Call,
    body: Pin<&mut dyn Future<Output = R>>,
    done: &mut dyn Judge<R>,
    context: &mut Context<'_>,
) -> Poll<R> {
    let mut polling = Polling::of(call);
    let polled = body.poll(context);
    if let Poll::Ready(value) = &polled {
        done.judge(value, polling.start_classifying());
    }
    polled
}

pin_project_lite::pin_project! {
    /// The body of an async function that returns a stream or a future.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Making<F, W> {
        #[pin]
        body: F,
        rest: Option<(Call, W)>,
    }

    impl<F, W> PinnedDrop for Making<F, W> {
        fn drop(this: Pin<&mut Self>) {
            if let Some((call, _)) = this.project().rest {
                call.drop_inside();
            }
        }
    }
}

impl<F, W> Making<F, W> {
    pub(super) fn new(call: Call, body: F, wrap: W) -> Self {
        Self {
            body,
            rest: Some((call, wrap)),
        }
    }
}

impl<F: Future, W: FnOnce(F::Output, Call) -> R, R> Future for Making<F, W> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let this = self.project();
        let Some((call, _)) = this.rest else {
            return Poll::Pending;
        };
        let polling = Polling::of(call);
        let Poll::Ready(made) = this.body.poll(context) else {
            return Poll::Pending;
        };
        drop(polling);
        let rest = this.rest.take();
        rest.map_or(Poll::Pending, |(call, wrap)| Poll::Ready(wrap(made, call)))
    }
}
