//! Helpers for tests of outcomes: a runtime that is captured whole, and the check of one completion with its counts.

use ragspan::testing::{Capture, Captured};
use serde_json::Value;

const STATUSES: [&str; 5] = ["success", "error", "empty", "cancelled", "panic"];

/// A runtime on this thread: its tasks are captured, and those that it still has are dropped with it.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap()
}

/// Makes a future and runs it, in a runtime of its own, which ends inside the capture.
pub(crate) fn capture_in_runtime<F: Future>(body: impl FnOnce() -> F) -> (F::Output, Captured) {
    Capture::new().run(|| runtime().block_on(body()))
}

/// The records of calls that have ended, in that order.
pub(crate) fn completions(seen: &Captured) -> Vec<&Value> {
    let records = seen.records().iter();
    records
        .filter(|record| !record["context"]["status"].is_null())
        .collect()
}

/// How a call should have ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) message: &'static str,
    pub(crate) level: &'static str,
    pub(crate) status: &'static str,
}

impl End {
    /// The one call of this capture, of this layer, has ended so: in its record, in the metrics, and with the gauge at zero.
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

/// Calls of this layer that ended so.
pub(crate) fn requests(seen: &Captured, layer: &str, status: &str) -> f64 {
    let labels = [("layer", layer), ("status", status)];
    seen.metric("rag_requests_total", &labels).unwrap_or(0.0)
}

/// Calls of this layer that run; `None` where there never was one.
pub(crate) fn active(seen: &Captured, layer: &str) -> Option<f64> {
    seen.metric("rag_active_queries", &[("layer", layer)])
}

/// Checks that there was not a call: neither a record, nor a count, nor a change of the gauge.
#[track_caller]
pub(crate) fn nothing(seen: &Captured, layer: &str, what: &str) {
    assert_eq!(seen.messages(), [] as [&str; 0], "{what}");
    let counted = STATUSES.map(|status| requests(seen, layer, status));
    assert_eq!(counted, [0.0; 5], "{what}");
    assert_eq!(active(seen, layer), None, "{what}");
}

/// `RAGSPAN_SEED` repeats a run that has failed.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("RAGSPAN_SEED").ok();
    given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap())
}
