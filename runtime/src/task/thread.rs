//! Threads that take their request along.

use std::thread::JoinHandle;

use super::handle::wrap;

/// Spawns a thread that is part of the request and the call that it is started in, as `std::thread::spawn` does with one that
/// is not. For a named thread give [`wrap(..)`](crate::task::wrap) to `std::thread::Builder`.
///
/// # Panics
///
/// When the system gives no thread, as `std::thread::spawn` does.
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
