//! Runs the design's example of log levels once for each way in which a model answers, and prints its records.

use std::error::Error;
use std::time::Duration;

use ragspan::config::Format;
use ragspan::prices::Prices;
use ragspan::{Config, Level};
use ragspan_examples::levels::{Service, generate_response};

/// The prices of the two models per million tokens, in dollars.
const PRICES: &str = r#"{"models": {
    "gpt-4o": {"input": 2.50, "output": 10.0},
    "gpt-4o-mini": {"input": 0.15, "output": 0.60}
}}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::default()
        .without_sinks()
        .stdout(Format::Pretty)
        .level(Level::Debug)
        .with_prices(Prices::from_json(PRICES)?)
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    for service in Service::ALL {
        // Failures are in the records.
        let _printed = generate_response(service, "what is a span?", &["A span is a call."]);
    }
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
