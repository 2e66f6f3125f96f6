//! The futures of annotated functions.
//!
//! They poll the body straight through, inside the span. A body that is dropped before it was ready is
//! dropped inside the span too, so that what ends with it is recorded before it and below it.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::call::Call;
use super::running::Running;

pin_project_lite::pin_project! {
    /// The body of an annotated function that is a future, with the call that it belongs to.
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
            let Call { span, state } = this.call;
            span.in_scope(|| state.poll(|| this.body.set(None)));
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

impl<F: Future, D: FnOnce(&F::Output, &mut Running<'_>)> Future for Annotated<F, D> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(body) = this.body.as_pin_mut() else {
            return Poll::Pending;
        };
        this.call.begin();
        let Call { span, state } = this.call;
        let polled = span.in_scope(|| {
            let polled = state.poll(|| body.poll(context));
            if let Poll::Ready(value) = &polled
                && let Some(done) = this.done.take()
            {
                state.judge(span, value, done);
            }
            polled
        });
        if polled.is_ready() {
            this.call.end();
        }
        polled
    }
}

pin_project_lite::pin_project! {
    /// The body of an async function that returns a stream or a future.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct Making<F: Future, W> {
        // Dropped before the call it belongs to.
        #[pin]
        body: Option<F>,
        rest: Option<(Call, W)>,
    }

    impl<F: Future, W> PinnedDrop for Making<F, W> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            match this.rest {
                Some((Call { span, state }, _)) => span.in_scope(|| state.poll(|| this.body.set(None))),
                None => this.body.set(None),
            }
        }
    }
}

impl<F: Future, W> Making<F, W> {
    pub(super) fn new(call: Call, body: F, wrap: W) -> Self {
        Self {
            body: Some(body),
            rest: Some((call, wrap)),
        }
    }
}

impl<F: Future, W: FnOnce(F::Output, Call) -> R, R> Future for Making<F, W> {
    type Output = R;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        let mut this = self.project();
        let (Some(body), Some((call, _))) = (this.body.as_mut().as_pin_mut(), &mut *this.rest)
        else {
            return Poll::Pending;
        };
        let Call { span, state } = call;
        let Poll::Ready(made) = span.in_scope(|| state.poll(|| body.poll(context))) else {
            return Poll::Pending;
        };
        span.in_scope(|| this.body.set(None));
        let rest = this.rest.take();
        rest.map_or(Poll::Pending, |(call, wrap)| Poll::Ready(wrap(made, call)))
    }
}
