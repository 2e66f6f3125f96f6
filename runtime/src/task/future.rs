//! A future that runs in the place that it was given, and is dropped there.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::handle::ContextHandle;
use crate::cancel::{CancelGuard, CancelledBy};

pin_project_lite::pin_project! {
    /// What [`carry`](crate::task::with_current_context) returns: polled and dropped where the future belongs.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct WithContext<F> {
        // None once it is done.
        #[pin]
        body: Option<F>,
        here: ContextHandle,
        // It is a task of its own, and dropped early only if that is aborted.
        is_task: bool,
    }

    impl<F> PinnedDrop for WithContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.body.is_some() {
                let because = this.is_task.then(|| CancelGuard::set(CancelledBy::by_runtime()));
                this.here.run(|| this.body.set(None));
                drop(because);
            }
        }
    }
}

impl<F> WithContext<F> {
    pub(super) fn new(here: ContextHandle, body: F) -> Self {
        Self {
            body: Some(body),
            here,
            is_task: false,
        }
    }

    pub(super) fn task(mut self) -> Self {
        self.is_task = true;
        self
    }
}

impl<F: Future> Future for WithContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.here.run(|| {
            // A future that is polled again after it was ready has nothing to say any more.
            let Some(body) = this.body.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            let value = ready!(body.poll(context));
            this.body.set(None);
            Poll::Ready(value)
        })
    }
}
