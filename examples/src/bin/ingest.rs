//! Ingests one document by the design's pipeline, and prints its records: `cargo run -p ragspan-examples --bin ingest [path]`.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use ragspan::config::Format;
use ragspan::{Config, Level};
use ragspan_examples::corpus::Corpus;
use ragspan_examples::pipeline::ingest_file;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::default()
        .without_sinks()
        .stdout(Format::Pretty)
        .level(Level::Debug)
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    let corpus = Corpus::of_workspace(&std::env::current_dir()?)?;
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let path = path.unwrap_or_else(|| corpus.root().join("README.md"));
    let ingested = ingest_file(&corpus, &path).await;
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    ingested?;
    Ok(())
}
