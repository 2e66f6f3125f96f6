//! The health of a running telemetry: its current problems and the delivery stats of its sinks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::pipeline::{DeliveryStats, Dropped, Filtered, Pipeline};
use crate::privacy::redact;

/// The current problems, and the delivery stats of every sink.
///
/// `/health` returns it as JSON, always with status 200, so that a probe does not restart a service because of its
/// telemetry. A probe that checks the telemetry reads `status`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// The current problems; empty if everything works as configured.
    pub warnings: Vec<String>,
    /// The delivery stats of every sink.
    pub sinks: Vec<DeliveryStats>,
}

impl Health {
    /// Returns true if there are no problems.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.warnings.is_empty()
    }

    /// Returns JSON such as `{"status":"ok","warnings":[],"sinks":[{"sink":"sqlite","emitted":8,..}]}`. The status is
    /// `ok` or `degraded`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let status = if self.is_ok() { "ok" } else { "degraded" };
        let sinks: Vec<_> = self.sinks.iter().map(sink).collect();
        json!({"status": status, "warnings": self.warnings, "sinks": sinks}).to_string()
    }
}

fn sink(stats: &DeliveryStats) -> serde_json::Value {
    let by_reason = Dropped::ALL.map(|why| (why.reason(), stats.dropped_for(why)));
    let filtered_by_reason = Filtered::ALL.map(|why| (why.reason(), stats.filtered_for(why)));
    let oldest = stats.oldest_pending.map(|age| age.as_secs_f64());
    json!({
        "sink": stats.sink,
        "emitted": stats.emitted,
        "delivered": stats.delivered,
        "retried": stats.retried,
        "dropped": stats.dropped,
        "dropped_by_reason": BTreeMap::from(by_reason),
        "filtered": stats.filtered,
        "filtered_by_reason": BTreeMap::from(filtered_by_reason),
        "pending": stats.pending,
        "oldest_pending_seconds": oldest,
    })
}

/// A component other than a sink that can have a problem, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Component {
    /// A note of the configuration, by its index.
    Configuration(usize),
    Worker,
    #[cfg(feature = "serve")]
    Listener,
    Scopes,
    Filters,
    Recorder,
}

/// The state that the telemetry and its metrics listener share.
#[derive(Debug)]
pub(super) struct HealthState {
    pub(super) pipeline: Arc<Pipeline>,
    warnings: Mutex<BTreeMap<Component, String>>,
    address: Mutex<Option<SocketAddr>>,
}

impl HealthState {
    pub(super) fn new(pipeline: Arc<Pipeline>) -> Arc<Self> {
        Arc::new(Self {
            pipeline,
            warnings: Mutex::default(),
            address: Mutex::default(),
        })
    }

    /// Sets the problem of a component.
    pub(super) fn report(&self, component: Component, message: impl Into<String>) {
        let message = redact(&message.into()).into_owned();
        lock(&self.warnings).insert(component, message);
    }

    /// Sets the address of the metrics listener, and removes its problem.
    #[cfg(feature = "serve")]
    pub(super) fn set_serving(&self, address: Option<SocketAddr>) {
        lock(&self.warnings).remove(&Component::Listener);
        self.set_address(address);
    }

    pub(super) fn set_address(&self, address: Option<SocketAddr>) {
        *lock(&self.address) = address;
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        *lock(&self.address)
    }

    /// Returns the current problems of the components, the sinks and the metrics, in this order.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = lock(&self.warnings).values().cloned().collect();
        if self.pipeline.is_forked() {
            let fix = "call `ragspan::start` in it too";
            warnings.push(format!(
                "this process was forked after the start, and delivers nothing: {fix}"
            ));
        }
        warnings.extend(self.pipeline.degraded_parts());
        let refused = self.pipeline.registry().refused();
        if !refused.is_empty() {
            warnings.push(format!(
                "metrics with these names are not recorded, because ragspan uses the names or similar ones: {}",
                redact(&refused.join(", "))
            ));
        }
        warnings
    }

    pub(super) fn health(&self) -> Health {
        Health {
            warnings: self.warnings(),
            sinks: self.pipeline.delivery_stats(),
        }
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;
    use crate::record::{Level, Service};

    fn state() -> Arc<HealthState> {
        let service = Service::default();
        let pipeline = Pipeline::new(service, Level::Info, Registry::new(), 4);
        HealthState::new(Arc::new(pipeline))
    }

    #[test]
    fn warnings_degrade_the_health() {
        let state = state();
        assert_eq!(
            state.health().to_json(),
            r#"{"sinks":[],"status":"ok","warnings":[]}"#
        );
        state.report(Component::Recorder, "second");
        state.report(Component::Scopes, "first");
        assert_eq!(state.health().warnings, ["first", "second"]);
        assert!(state.health().to_json().contains(r#""status":"degraded""#));
    }

    #[test]
    fn a_refused_metric_is_a_warning() {
        let state = state();
        let recorder = crate::metrics::Recorder::new(Arc::clone(state.pipeline.registry()));
        metrics::with_local_recorder(&recorder, || metrics::gauge!("rag_claims_total").set(1.0));
        let health = state.health();
        assert!(
            !health.is_ok() && health.warnings[0].ends_with("rag_claims_total"),
            "{health:?}"
        );
    }
}
