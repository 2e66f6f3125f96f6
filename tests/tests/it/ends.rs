//! Helpers for tests of outcomes: a runtime inside a capture, and the check of one completion with its counts.

use ragspan::testing::{Capture, Captured};
use serde_json::Value;

const STATUSES: [&str; 5] = ["success", "error", "empty", "cancelled", "panic"];

/// Returns a runtime on this thread, whose tasks are captured; pending tasks are dropped with it.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap()
}

/// Creates a future and runs it in a new runtime, which is dropped inside the capture.
pub(crate) fn capture_in_runtime<F: Future>(body: impl FnOnce() -> F) -> (F::Output, Captured) {
    Capture::new().run(|| runtime().block_on(body()))
}

/// Returns the completion records, in their order.
pub(crate) fn completions(seen: &Captured) -> Vec<&Value> {
    let records = seen.records().iter();
    records
        .filter(|record| !record["context"]["status"].is_null())
        .collect()
}

/// The expected end of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) message: &'static str,
    pub(crate) level: &'static str,
    pub(crate) status: &'static str,
}

impl End {
    /// Checks that the capture has exactly one call, of this layer, with this end in its record and in the metrics, and with the
    /// gauge at zero. Returns the record.
    #[track_caller]
    pub(crate) fn is_all_of<'a>(&self, seen: &'a Captured, layer: &str, what: &str) -> &'a Value {
        let ended = completions(seen);
        let [record] = ended.as_slice() else {
            panic!("{what}: not one completion: {:?}", seen.messages());
        };
        assert_eq!(record["message"], self.message, "{what}");
        assert_eq!(record["level"], self.level, "{what}");
        assert_eq!(record["context"]["status"], self.status, "{what}");
        for status in STATUSES {
            let expected = if status == self.status { 1.0 } else { 0.0 };
            assert_eq!(requests(seen, layer, status), expected, "{what}: {status}");
        }
        assert_eq!(active(seen, layer), Some(0.0), "{what}");
        let operation = record["context"]["operation"].as_str().unwrap();
        let labels = [("operation", operation), ("layer", layer)];
        let timed = seen.metric("rag_request_latency_ms_count", &labels);
        assert_eq!(timed, Some(1.0), "{what}");
        record
    }
}

/// Returns the number of calls of this layer with this status.
pub(crate) fn requests(seen: &Captured, layer: &str, status: &str) -> f64 {
    let labels = [("layer", layer), ("status", status)];
    seen.metric("rag_requests_total", &labels).unwrap_or(0.0)
}

/// Returns the number of running calls of this layer; `None` if there was no call.
pub(crate) fn active(seen: &Captured, layer: &str) -> Option<f64> {
    seen.metric("rag_active_queries", &[("layer", layer)])
}

/// Checks that there was no call: no record, no count, and no gauge.
#[track_caller]
pub(crate) fn nothing(seen: &Captured, layer: &str, what: &str) {
    assert_eq!(seen.messages(), [] as [&str; 0], "{what}");
    let counted = STATUSES.map(|status| requests(seen, layer, status));
    assert_eq!(counted, [0.0; 5], "{what}");
    assert_eq!(active(seen, layer), None, "{what}");
}

/// Returns a random seed, or that of `RAGSPAN_SEED`, which repeats a failed run.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("RAGSPAN_SEED").ok();
    given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap())
}
