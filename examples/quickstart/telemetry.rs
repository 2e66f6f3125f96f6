//! Starts and ends the telemetry: all the wiring that ragspan needs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ragspan::config::Format;
use ragspan::prices::Prices;
use ragspan::telemetry::{ShutdownReport, StartError};
use ragspan::{Config, Telemetry};

/// How long the delivery of the last records may take.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// Starts recording into a database, and if wanted as JSON to standard output too.
pub fn start(db: &Path, prices: Prices, json: bool) -> Result<Arc<Telemetry>, StartError> {
    let config = Config::default()
        .service("quickstart", env!("CARGO_PKG_VERSION"), "development")
        .sqlite(db)
        .with_prices(prices)
        // The service has a route of its own for metrics.
        .without_metrics_listener();
    let config = if json {
        config.stdout(Format::Json)
    } else {
        config.without_stdout()
    };
    ragspan::start(config).map(Arc::new)
}

/// Delivers the last records and stops; `None` if a request still uses the telemetry.
pub async fn shutdown(telemetry: Arc<Telemetry>) -> Option<ShutdownReport> {
    let telemetry = Arc::into_inner(telemetry)?;
    Some(telemetry.shutdown(SHUTDOWN_LIMIT).await)
}
