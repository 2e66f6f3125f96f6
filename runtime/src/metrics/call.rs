//! The metric handles of one annotated call, looked up once so that a callsite can cache them.

use std::sync::Arc;

use super::cell::{Counter, Gauge, Histogram};
use super::exemplar::Exemplar;
use super::names::Name;
use super::registry::Registry;
use crate::record::Outcome;

/// The series of one operation in one layer. A call costs a few atomic operations.
///
/// The caller decides whether a call counts as a request and as active: only if no ancestor span has the same
/// layer. Every call records its latency.
#[derive(Debug)]
pub(crate) struct CallMetrics {
    active: Arc<Gauge>,
    /// By [`Outcome`]. All five exist from the start, at zero: a rate that begins with the first
    /// failure would miss that failure.
    requests: [Arc<Counter>; 5],
    latency: Arc<Histogram>,
}

impl CallMetrics {
    pub(super) fn new(registry: &Registry, operation: &str, layer: &str) -> Self {
        Self {
            active: registry.gauge(Name::ActiveQueries, &[layer]),
            requests: Outcome::ALL
                .map(|outcome| registry.counter(Name::Requests, &[layer, outcome.status()])),
            latency: registry.histogram(Name::RequestLatency, &[operation, layer]),
        }
    }

    /// Counts the start of a call in the layer.
    #[inline]
    pub(crate) fn started(&self) {
        self.active.add(1);
    }

    /// Counts the end of a call in the layer.
    #[inline]
    pub(crate) fn stopped(&self) {
        self.active.add(-1);
    }

    /// Counts a request of the layer by its outcome.
    #[inline]
    pub(crate) fn request(&self, outcome: Outcome, exemplar: &Exemplar) {
        if let Some(counter) = self.requests.get(outcome as usize) {
            counter.add_with(1, exemplar);
        }
    }

    /// Observes the duration of a call, in microseconds.
    #[inline]
    pub(crate) fn latency(&self, micros: u64, exemplar: &Exemplar) {
        self.latency.record(micros, exemplar);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_counted_under_its_layer_status_and_operation() {
        let registry = Registry::new();
        let call = registry.call("hybrid_search", "retrieval");
        call.started();
        assert_eq!(
            registry.value("rag_active_queries", &[("layer", "retrieval")]),
            Some(1.0)
        );
        call.request(Outcome::Empty, &Exemplar::NONE);
        call.latency(2_500, &Exemplar::NONE);
        call.stopped();
        let requests = |status| {
            registry.value(
                "rag_requests_total",
                &[("status", status), ("layer", "retrieval")],
            )
        };
        assert_eq!(requests("empty"), Some(1.0));
        assert_eq!(requests("success"), Some(0.0));
        assert_eq!(
            registry.value("rag_active_queries", &[("layer", "retrieval")]),
            Some(0.0)
        );
        let labels = [("operation", "hybrid_search"), ("layer", "retrieval")];
        assert_eq!(
            registry.value("rag_request_latency_ms_sum", &labels),
            Some(2.5)
        );
    }

    #[test]
    fn each_status_has_its_own_series() {
        let registry = Registry::new();
        let call = registry.call("f", "api");
        for (times, status) in Outcome::ALL.into_iter().enumerate() {
            (0..=times).for_each(|_| call.request(status, &Exemplar::NONE));
        }
        for (times, status) in (1_u32..).zip(Outcome::ALL) {
            let labels = [("layer", "api"), ("status", status.status())];
            assert_eq!(
                registry.value("rag_requests_total", &labels),
                Some(f64::from(times))
            );
        }
    }
}
