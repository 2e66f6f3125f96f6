//! The future that runs in a context: polls and drops another future with the context entered.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::handle::ContextHandle;
use crate::cancel::{CancelGuard, CancelledBy};

pin_project_lite::pin_project! {
    /// A future that is polled, and dropped, in the context that was current when it was wrapped.
    ///
    /// [`with_current_context`](crate::task::with_current_context) and
    /// [`ContextHandle::wrap_future`](crate::task::ContextHandle::wrap_future) return it.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct WithContext<F> {
        // None once it is ready.
        #[pin]
        body: Option<F>,
        handle: ContextHandle,
        // It is a spawned task, so it is dropped before it is ready only if the task is aborted.
        is_task: bool,
    }

    impl<F> PinnedDrop for WithContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.body.is_some() {
                let guard = this.is_task.then(|| CancelGuard::set(CancelledBy::by_runtime()));
                this.handle.run(|| this.body.set(None));
                drop(guard);
            }
        }
    }
}

impl<F> WithContext<F> {
    pub(super) fn new(handle: ContextHandle, body: F) -> Self {
        Self {
            body: Some(body),
            handle,
            is_task: false,
        }
    }

    /// Marks the future as a spawned task.
    pub(super) fn task(mut self) -> Self {
        self.is_task = true;
        self
    }
}

impl<F: Future> Future for WithContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        this.handle.run(|| {
            // It was polled again after it was ready.
            let Some(body) = this.body.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            let value = ready!(body.poll(context));
            this.body.set(None);
            Poll::Ready(value)
        })
    }
}
