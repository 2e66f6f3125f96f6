//! Starts the program's telemetry, answers for it while it runs, and ends it: all the wiring that ragspan needs.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ragspan::Config;
use ragspan::config::Format;
use ragspan::prices::Prices;
use ragspan::telemetry::{DeliveryStats, MetricsFormat, ShutdownReport, StartError};
use serde_json::{Value, json};

/// How long delivering the last records may take.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// The options of telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The database that the records go to.
    pub db: PathBuf,
    /// `true` if records go to standard output too.
    pub json: bool,
    /// The prices of models; costs are unknown without them.
    pub prices: Prices,
}

/// The running telemetry, until it is shut down.
#[derive(Debug)]
pub struct Telemetry(Mutex<Option<ragspan::Telemetry>>);

/// Starts recording.
///
/// # Errors
/// [`StartError`].
pub fn start(options: &Options) -> Result<Telemetry, StartError> {
    let config = Config::default()
        .service("quickstart", env!("CARGO_PKG_VERSION"), "development")
        .sqlite(&options.db)
        .with_prices(options.prices.clone())
        // The service has a route of its own for them.
        .without_metrics_listener();
    let config = if options.json {
        config.stdout(Format::Json)
    } else {
        config.without_stdout()
    };
    Ok(Telemetry(Mutex::new(Some(ragspan::start(config)?))))
}

impl Telemetry {
    /// Returns the response to `GET /metrics` for this `Accept` header; `None` after the shutdown.
    #[must_use]
    pub fn metrics(&self, accept: Option<&str>) -> Option<MetricsFormat> {
        let running = self.running();
        running.as_ref().map(|it| it.render_metrics(accept))
    }

    /// Returns whether no record was dropped, and the details for `GET /health`.
    #[must_use]
    pub fn health(&self) -> (bool, Value) {
        let running = self.running();
        let Some(telemetry) = running.as_ref() else {
            return (false, json!({"troubles": ["it has been shut down"]}));
        };
        let (sinks, warnings) = (telemetry.delivery_stats(), telemetry.warnings());
        let healthy = warnings.is_empty() && sinks.iter().all(|sink| sink.dropped == 0);
        let sinks: Vec<_> = sinks.iter().map(sink).collect();
        (healthy, json!({"sinks": sinks, "troubles": warnings}))
    }

    /// Delivers the pending records, stops, and returns the report; `None` after the first call.
    pub async fn shutdown(&self) -> Option<ShutdownReport> {
        let running = self.running().take();
        Some(running?.shutdown(SHUTDOWN_LIMIT).await)
    }

    fn running(&self) -> MutexGuard<'_, Option<ragspan::Telemetry>> {
        // It is there or it is gone: a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sink(stats: &DeliveryStats) -> Value {
    json!({
        "sink": stats.sink,
        "delivered": stats.delivered,
        "pending": stats.pending,
        "dropped": stats.dropped,
    })
}
