//! The items of tracing's unpublished crate `tracing-test` that its tests need.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_test::task;

/// Polls a future until it is ready; the future must wake itself at each pending poll.
pub fn block_on_future<F: Future>(future: F) -> F::Output {
    let mut task = task::spawn(future);
    loop {
        if let Poll::Ready(value) = task.poll() {
            return value;
        }
        assert!(task.is_woken(), "a future that is never woken");
    }
}

/// A future that is ready with its result at the poll of this number.
pub struct PollN<T, E> {
    and_then: Option<Result<T, E>>,
    polls_left: usize,
}

impl PollN<(), ()> {
    /// Creates a future that succeeds.
    pub fn new_ok(polls: usize) -> Self {
        PollN {
            and_then: Some(Ok(())),
            polls_left: polls,
        }
    }
}

impl<T: Unpin, E: Unpin> Future for PollN<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls_left = self.polls_left.saturating_sub(1);
        if self.polls_left > 0 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.and_then.take().expect("polled after it was ready"))
    }
}
