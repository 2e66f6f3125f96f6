//! A time limit that its calls know of.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::error::Elapsed;

use crate::cancel::{CancelGuard, CancelledBy};

pin_project_lite::pin_project! {
    /// What [`timeout`](crate::task::timeout) returns.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Timeout<F> {
        // None once it is done.
        #[pin]
        body: Option<tokio::time::Timeout<F>>,
    }
}

/// Gives `future` so much time, as `tokio::time::timeout` does. The calls that are cancelled by it tell so:
/// `context.cancelled_by` is `timeout`.
///
/// # Errors
///
/// When the time has passed. The future is dropped by then.
///
/// # Panics
///
/// Outside of a Tokio runtime with its timer on, as `tokio::time::timeout` does.
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
        // A future that is polled again after it was ready has nothing to say any more.
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let done = ready!(body.poll(context));
        let _because = done
            .is_err()
            .then(|| CancelGuard::set(CancelledBy::Timeout));
        this.body.set(None);
        Poll::Ready(done)
    }
}
