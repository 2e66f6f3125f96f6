//! Part 10 of the design, "End-to-End Tracing": `query_handler`, one trace of the handler and its three stages.
//!
//! | the design writes | here | layer | values |
//! |---|---|---|---|
//! | `@traceable(name="api_query")` | `#[rag_span(operation = "api_query")]` | api | `query`, `quality`, `quality_tier` |
//! | `trace_id = str(uuid4())`, `trace_id_var.set(..)` | by itself; `ragspan::trace_id()` reads it | | |
//! | `user_id_var.set(user_id)` | `context_from = ..` | | `user_id` on every record |
//! | `api_request_received` | the same, an event of the handler | api | `query` |
//! | `retrieval_starting`, `retrieval_complete` | `retrieve_started`, `retrieve_complete` | retrieval | `chunks_count`, `duration_ms` |
//! | `generation_starting`, `generation_complete` | `generate_started`, `generate_complete` | generation | `total_tokens`, `cost_usd` |
//! | `evaluation_starting`, `evaluation_complete` | `evaluate_started`, `evaluate_complete` | evaluation | `faithfulness` |
//! | `request_complete` | `api_query_complete` | api | `duration_ms`, `cost_usd`, `status`, `trace_id` |
//! | `return {"response", "trace_id", "quality"}` | `QueryResponse`; `QueryError` has the trace as well | | |
//!
//! `cargo run -p ragspan-examples --bin query`

use std::error::Error;
use std::io::{self, Write as _};
use std::time::Duration;

use ragspan::config::Format;
use ragspan::prices::Prices;
use ragspan::{Config, ErrorType, Level, LogContext, Usage, rag_span};
use serde::Serialize;

/// Dollars per million tokens.
const PRICES: &str = r#"{"models": {"gpt-4o": {"input": 2.50, "output": 10.0}}}"#;

#[derive(LogContext)]
struct User<'a> {
    user_id: &'a str,
}

#[derive(Serialize)]
struct QueryResponse {
    response: String,
    /// The id to look the request up by; `None` only in a build with instrumentation switched off.
    trace_id: Option<String>,
    /// The share of the answer that its sources support, 0 to 1.
    quality: f64,
}

/// The error response, which has the trace too.
#[derive(Debug, Serialize, thiserror::Error, ErrorType)]
#[error("the query has no answer")]
#[error_type("no_context")]
struct QueryError {
    trace_id: Option<String>,
}

#[rag_span(
    layer = "api",
    operation = "api_query",
    context(query),
    context_from = User { user_id },
    ok(|answered| metrics.quality = answered.quality, quality_tier = tier(answered.quality))
)]
async fn query_handler(query: &str, user_id: &str) -> Result<QueryResponse, QueryError> {
    tracing::info!(query, "api_request_received");
    let trace_id = ragspan::trace_id().map(|id| id.to_string());
    let chunks = retrieve(query).await;
    if chunks.is_empty() {
        return Err(QueryError { trace_id });
    }
    let generated = generate(query, &chunks).await;
    Ok(QueryResponse {
        quality: evaluate(&generated.text, &chunks),
        response: generated.text,
        trace_id,
    })
}

#[rag_span(layer = "retrieval", empty, ok(|chunks| chunks_count = chunks.len()))]
async fn retrieve(query: &str) -> Vec<&'static str> {
    tokio::time::sleep(Duration::from_millis(5)).await; // a vector database
    let pages = [
        "A span is one call.",
        "The queen lays two thousand eggs a day.",
    ];
    let shares_word = |page: &&str| {
        query
            .split(' ')
            .any(|word| word.len() > 3 && page.contains(word))
    };
    pages.into_iter().filter(shares_word).collect()
}

struct Generated {
    text: String,
    usage: Usage,
}

#[rag_span(layer = "generation", model = "gpt-4o", usage = |generated| generated.usage)]
async fn generate(query: &str, chunks: &[&str]) -> Generated {
    tokio::time::sleep(Duration::from_millis(20)).await; // a model
    let text = chunks.join(" ");
    let tokens = |text: &str| text.split(' ').count() as u64;
    let usage = Usage::new(tokens(query) + tokens(&text), tokens(&text));
    Generated { text, usage }
}

#[rag_span(layer = "evaluation")]
fn evaluate(answer: &str, chunks: &[&str]) -> f64 {
    let faithfulness = if chunks.join(" ").contains(answer) {
        1.0
    } else {
        0.0
    };
    ragspan::rag::record_score("faithfulness", faithfulness);
    faithfulness
}

fn tier(quality: f64) -> &'static str {
    if quality >= 0.8 { "good" } else { "poor" }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::default()
        .without_sinks()
        .stdout(Format::Auto)
        .level(Level::Debug)
        .with_prices(Prices::from_json(PRICES)?)
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    for query in [
        "how many eggs does a queen lay?",
        "who won the 1954 world cup?",
    ] {
        let body = match query_handler(query, "ada").await {
            Ok(response) => serde_json::to_string(&response)?,
            Err(error) => serde_json::to_string(&error)?,
        };
        writeln!(io::stderr(), "{body}")?;
    }
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
