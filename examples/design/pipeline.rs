//! Part 3.2 of the design, "Propagating Across Layers": `ingest_file`, one call with four blocks below it, of one trace.
//!
//! | the design writes | here |
//! |---|---|
//! | `@traceable(name="ingestion_pipeline")` | `#[rag_span(operation = "ingestion_pipeline")]` |
//! | `with tracer.span("parsing") as span:` | `span!("parsing", .., async \|span\| { .. })` |
//!
//! `cargo run -p ragspan-examples --bin pipeline [FILE]`

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ragspan::config::Format;
use ragspan::{Config, Level, rag_span, span};

/// Reads one document and makes it searchable; returns the number of stored chunks.
#[rag_span(
    layer = "ingestion",
    operation = "ingestion_pipeline",
    context(path = %path.display()),
    ok(|stored| chunks = *stored)
)]
async fn ingest_file(path: &Path) -> io::Result<usize> {
    let text = span!("parsing", layer = "ingestion", async |span| {
        let text = std::fs::read_to_string(path)?;
        span.metric("bytes", text.len());
        Ok::<_, io::Error>(text)
    })
    .await?;

    let chunks: Vec<&str> = span!(
        "chunking",
        layer = "ingestion",
        ok(|chunks| chunks = chunks.len()),
        || text
            .split("\n\n")
            .filter(|it| !it.trim().is_empty())
            .collect()
    );

    let embedded = span!(
        "embedding",
        layer = "ingestion",
        kind = "embedding",
        context(chunks = chunks.len()),
        async |span| {
            let mut embedded = Vec::new();
            let mut words = 0;
            for chunk in chunks {
                words += chunk.split_whitespace().count();
                span.metric("words", words);
                embedded.push((chunk, embed(chunk).await));
            }
            embedded
        }
    )
    .await;

    let stored = span!(
        "storage",
        layer = "data",
        context(chunks = embedded.len()),
        async || {
            tokio::task::yield_now().await; // a vector database
            embedded.len()
        }
    )
    .await;
    Ok(stored)
}

/// Counts letters, in place of a model.
async fn embed(chunk: &str) -> [usize; 3] {
    tokio::task::yield_now().await;
    ["e", "n", "s"].map(|letter| chunk.matches(letter).count())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::default()
        .without_sinks()
        .stdout(Format::Auto)
        .level(Level::Debug)
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("README.md"), PathBuf::from);
    let ingested = ingest_file(&path).await;
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    ingested?;
    Ok(())
}
