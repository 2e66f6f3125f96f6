//! Answers two questions by the design's handler, and logs one through its bound logger: `cargo run -p ragspan-examples --bin query`.

use std::error::Error;
use std::time::Duration;

use ragspan::Config;
use ragspan::config::Format;
use ragspan::prices::Prices;
use ragspan_examples::answer::Service;
use ragspan_examples::bound::{create_request_logger, log_query};
use ragspan_examples::corpus::Corpus;
use ragspan_examples::generate::Generator;
use ragspan_examples::pipeline::ingest_file;
use ragspan_examples::program::NOT_IN_ANY_CORPUS;
use ragspan_examples::query::query_handler;

/// The page that the answers come from.
const PAGE: &str = "README.md";

/// The prices of the simulated model per million tokens, in dollars.
const PRICES: &str = r#"{"models": {"extractive": {"input": 2.50, "output": 10.0}}}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::default()
        .without_sinks()
        .stdout(Format::Pretty)
        .with_prices(Prices::from_json(PRICES)?)
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    let corpus = Corpus::of_workspace(&std::env::current_dir()?)?;
    let library = ingest_file(&corpus, &corpus.root().join(PAGE)).await?;
    let service = Service::new(library, Generator::Extractive);
    for question in ["what does one attribute give?", NOT_IN_ANY_CORPUS] {
        // Failures are in the records.
        let _printed = query_handler(&service, question, "ada").await;
    }
    log_query(
        &create_request_logger("user-123", "req-001", None),
        "what is X?",
    );
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
