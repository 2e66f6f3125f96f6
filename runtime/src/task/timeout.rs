//! A time limit that is recorded on the calls that it cancels.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::error::Elapsed;

use crate::cancel::{CancelGuard, CancelledBy};

pin_project_lite::pin_project! {
    /// The future of [`timeout`](crate::task::timeout).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Timeout<F> {
        // None once it is ready.
        #[pin]
        body: Option<tokio::time::Timeout<F>>,
    }
}

/// Returns the output of `future` if it is ready within `after`, as `tokio::time::timeout` does. The calls that the
/// timeout cancels record that: their `context.cancelled_by` is `timeout`.
///
/// # Errors
///
/// Returns an error if the time has passed. The future is dropped by then.
///
/// # Panics
///
/// Panics outside of a Tokio runtime with its timer on, as `tokio::time::timeout` does.
///
/// ```
/// # use std::time::Duration;
/// #[ragspan::rag_span(layer = "generation")]
/// async fn generate() {
///     std::future::pending().await
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # let (_, seen) = runtime.block_on(ragspan::testing::capture_async(async {
/// let answer = ragspan::task::timeout(Duration::from_millis(5), generate()).await;
/// assert!(answer.is_err());
/// # }));
/// # let record = seen.record("generate_cancelled");
/// # assert_eq!(record["context"]["cancelled_by"], "timeout");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn timeout<F: IntoFuture>(after: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        body: Some(tokio::time::timeout(after, future)),
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // It was polled again after it was ready.
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let output = ready!(body.poll(context));
        let _guard = output
            .is_err()
            .then(|| CancelGuard::set(CancelledBy::Timeout));
        this.body.set(None);
        Poll::Ready(output)
    }
}
