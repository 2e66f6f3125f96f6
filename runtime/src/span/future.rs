//! The future of an annotated async function.
//!
//! It polls the body straight through, inside the span. A body that is dropped before it was ready is
//! dropped inside the span too, so that what ends with it is recorded before it and below it.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::call::Call;

pin_project_lite::pin_project! {
    /// The body of an annotated async function, with the call that it belongs to.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Annotated<F: Future, D> {
        call: Call,
        #[pin]
        body: Option<F>,
        done: Option<D>,
    }

    impl<F: Future, D> PinnedDrop for Annotated<F, D> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.call.in_span(|| this.body.set(None));
        }
    }
}

impl<F: Future, D> Annotated<F, D> {
    pub(super) fn new(call: Call, body: F, done: D) -> Self {
        Self {
            call,
            body: Some(body),
            done: Some(done),
        }
    }
}

impl<F: Future, D: FnOnce(&F::Output, &mut Call)> Future for Annotated<F, D> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(body) = this.body.as_pin_mut() else {
            return Poll::Pending;
        };
        let polled = this.call.poll(|| body.poll(context));
        if let Poll::Ready(value) = &polled
            && let Some(done) = this.done.take()
        {
            this.call.finish(value, done);
        }
        polled
    }
}
