//! Spawns tasks that run in the current context.

use tokio::task::JoinHandle;

use super::handle::{with_current_context, wrap};

/// Spawns a task that runs in the current context, and returns its handle, as `tokio::spawn` does without the context.
///
/// A call that is cancelled by an abort of the task records that: its `context.cancelled_by` is `abort`, or `shutdown`
/// once the service shuts down.
///
/// # Panics
///
/// Panics outside of a Tokio runtime, as `tokio::spawn` does.
///
/// ```
/// # #[ragspan::rag_span(layer = "memory")]
/// # async fn remember() {}
/// #[ragspan::rag_span(layer = "api")]
/// async fn answer() {
///     let remembered = ragspan::task::spawn(remember());
///     // .. the answer goes out meanwhile ..
///     remembered.await.unwrap();
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # let (_, seen) = runtime.block_on(ragspan::testing::capture_async(answer()));
/// # assert_eq!(seen.record("remember_complete")["parent_span_id"], seen.record("answer_complete")["span_id"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    tokio::spawn(with_current_context(future).task())
}

/// Spawns a task that is not `Send` on the current `LocalSet`; the task runs in the current context.
///
/// # Panics
///
/// Panics outside of a `LocalSet`, as `tokio::task::spawn_local` does.
///
/// ```
/// # #[ragspan::rag_span(layer = "data")]
/// # async fn load() {}
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # let local = tokio::task::LocalSet::new();
/// # let (_, seen) = runtime.block_on(local.run_until(ragspan::testing::capture_async(async {
/// ragspan::task::spawn_local(load()).await.unwrap();
/// # })));
/// # assert_eq!(seen.messages().last(), Some(&"load_complete"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    tokio::task::spawn_local(with_current_context(future).task())
}

/// Runs `body` on a thread where it may block, in the current context, and returns a handle to its result.
///
/// # Panics
///
/// Panics outside of a Tokio runtime, as `tokio::task::spawn_blocking` does.
///
/// ```
/// # #[ragspan::rag_span(layer = "ingestion")]
/// # fn parse() {}
/// #[ragspan::rag_span(layer = "ingestion")]
/// async fn ingest() {
///     ragspan::task::spawn_blocking(parse).await.unwrap();
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # let (_, seen) = runtime.block_on(ragspan::testing::capture_async(ingest()));
/// # assert_eq!(seen.record("parse_complete")["parent_span_id"], seen.record("ingest_complete")["span_id"]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn spawn_blocking<F, R>(body: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    tokio::task::spawn_blocking(wrap(body))
}
