//! Annotates two functions: each call becomes a span, a record and a set of metrics.
//!
//! `cargo run -p ragspan-examples --bin annotate`, then `cargo run -p ragspan-cli -- trace last`.

use std::error::Error;
use std::time::Duration;

use ragspan::{Config, rag_span};

const SHELF: [&str; 3] = [
    "A span is one call of a function.",
    "A trace is all spans of one request.",
    "A queen lays two thousand eggs in a day.",
];

/// `context` records an argument, `ok` the number of hits, and without a hit `empty` makes the status `empty`.
#[rag_span(layer = "retrieval", context(top_k), ok(|hits| chunks = hits.len()), empty)]
async fn search(query: &str, top_k: usize) -> Vec<&'static str> {
    tokio::time::sleep(Duration::from_millis(20)).await; // a vector database
    let hits = SHELF.into_iter().filter(|text| text.contains(query));
    hits.take(top_k).collect()
}

/// A call below another one has the same trace. Nothing is recorded that is not named: the question is not.
#[rag_span(layer = "api", ok(|answer| chars = answer.len()))]
async fn answer(query: &str) -> String {
    search(query, 2).await.join(" ")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Records go to standard output and to ./ragspan.db.
    let telemetry = ragspan::start(Config::default().without_metrics_listener())?;
    answer("span").await;
    answer("football").await;
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
