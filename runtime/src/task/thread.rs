//! Spawns threads that run in the current context.

use std::thread::JoinHandle;

use super::handle::wrap;

/// Spawns a thread that runs in the current context, and returns its handle, as `std::thread::spawn` does without the
/// context. For a named thread pass [`wrap(..)`](crate::task::wrap) to `std::thread::Builder`.
///
/// # Panics
///
/// Panics if the system cannot create a thread, as `std::thread::spawn` does.
///
/// ```
/// # #[ragspan::rag_span(layer = "ingestion")]
/// # fn parse() {}
/// #[ragspan::rag_span(layer = "ingestion")]
/// fn ingest() {
///     ragspan::task::spawn_thread(parse).join().unwrap();
/// }
/// # let (_, seen) = ragspan::testing::capture(ingest);
/// # assert_eq!(seen.record("parse_complete")["parent_span_id"], seen.record("ingest_complete")["span_id"]);
/// ```
pub fn spawn_thread<F, R>(body: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    std::thread::spawn(wrap(body))
}
