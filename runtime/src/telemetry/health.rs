//! How a telemetry stands now: what is wrong, told to whoever asks.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::pipeline::{DeliveryStats, Pipeline};
use crate::privacy::redact;

/// What is wrong now, and how every sink stands.
///
/// `/health` shows it as JSON. It answers 200 also when something is wrong, so that a probe which restarts the service
/// does not do so because of its telemetry: a probe that wants to know reads `status`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// What is not as it was configured; empty when all is well.
    pub troubles: Vec<String>,
    /// The account of every sink.
    pub sinks: Vec<DeliveryStats>,
}

impl Health {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.troubles.is_empty()
    }

    /// `{"status":"ok","troubles":[],"sinks":[{"sink":"sqlite","emitted":8,..}]}`; the status is `ok` or `degraded`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let status = if self.is_ok() { "ok" } else { "degraded" };
        let sinks: Vec<_> = self.sinks.iter().map(sink).collect();
        json!({"status": status, "troubles": self.troubles, "sinks": sinks}).to_string()
    }
}

fn sink(balance: &DeliveryStats) -> serde_json::Value {
    json!({
        "sink": balance.sink,
        "emitted": balance.emitted,
        "delivered": balance.delivered,
        "dropped": balance.dropped,
        "filtered": balance.filtered,
        "pending": balance.pending,
    })
}

/// A part of the telemetry, beside the sinks, that something can be wrong with; also the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// One of the configuration's notes, by its number.
    Configuration(usize),
    Worker,
    #[cfg(feature = "serve")]
    Listener,
    Scopes,
    Recorder,
}

/// What the telemetry and its listener both know.
#[derive(Debug)]
pub(super) struct State {
    pub(super) pipeline: Arc<Pipeline>,
    troubles: Mutex<BTreeMap<Part, String>>,
    address: Mutex<Option<SocketAddr>>,
}

impl State {
    pub(super) fn new(pipeline: Arc<Pipeline>) -> Arc<Self> {
        Arc::new(Self {
            pipeline,
            troubles: Mutex::default(),
            address: Mutex::default(),
        })
    }

    /// Something is wrong with this part.
    pub(super) fn is_ill(&self, part: Part, why: impl Into<String>) {
        let why = redact(&why.into()).into_owned();
        lock(&self.troubles).insert(part, why);
    }

    /// Metrics are served here, and that is where they were wanted.
    #[cfg(feature = "serve")]
    pub(super) fn serves_as_wanted(&self, address: Option<SocketAddr>) {
        lock(&self.troubles).remove(&Part::Listener);
        self.serves_at(address);
    }

    pub(super) fn serves_at(&self, address: Option<SocketAddr>) {
        *lock(&self.address) = address;
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        *lock(&self.address)
    }

    /// What is wrong now, the parts first.
    pub(super) fn troubles(&self) -> Vec<String> {
        let mut troubles: Vec<String> = lock(&self.troubles).values().cloned().collect();
        troubles.extend(self.pipeline.degraded_sinks());
        let refused = self.pipeline.registry().refused();
        if !refused.is_empty() {
            troubles.push(format!(
                "metrics of these names are not recorded, as they are ragspan's or would be taken for them: {}",
                redact(&refused.join(", "))
            ));
        }
        troubles
    }

    pub(super) fn health(&self) -> Health {
        Health {
            troubles: self.troubles(),
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

    fn state() -> Arc<State> {
        let service = Service {
            environment: String::new(),
            version: String::new(),
            host: String::new(),
        };
        let pipeline = Pipeline::new(service, Level::Info, Registry::new(), 4);
        State::new(Arc::new(pipeline))
    }

    #[test]
    fn a_trouble_degrades_and_its_end_restores() {
        let state = state();
        assert_eq!(
            state.health().to_json(),
            r#"{"sinks":[],"status":"ok","troubles":[]}"#
        );
        state.is_ill(Part::Recorder, "second");
        state.is_ill(Part::Scopes, "first");
        assert_eq!(state.health().troubles, ["first", "second"]);
        assert!(state.health().to_json().contains(r#""status":"degraded""#));
    }

    #[test]
    fn a_metric_that_is_refused_is_told() {
        let state = state();
        let recorder = crate::metrics::Recorder::new(Arc::clone(state.pipeline.registry()));
        metrics::with_local_recorder(&recorder, || metrics::gauge!("rag_claims_total").set(1.0));
        let health = state.health();
        assert!(
            !health.is_ok() && health.troubles[0].ends_with("rag_claims_total"),
            "{health:?}"
        );
    }
}
