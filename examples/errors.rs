//! Gives errors stable labels, levels and fields. Each is logged and counted once, where it began.
//!
//! `cargo run -p ragspan-examples --bin errors`

use std::error::Error;
use std::time::Duration;

use ragspan::config::Format;
use ragspan::{Config, ErrorType, rag_span};

/// The label of a variant is its name, `timeout`: the `error_type` of the error counter and of the record.
#[derive(Debug, thiserror::Error, ErrorType)]
enum SearchError {
    #[error("the index did not answer in {after_ms} ms")]
    #[error_type(fields(after_ms))]
    Timeout { after_ms: u64 },
    /// A rate limit is not a defect, so its record is a WARNING.
    #[error("the index is asked too often")]
    #[error_type("rate_limit", level = "warning", action = "queued_for_retry")]
    TooManyRequests,
}

#[derive(Debug, thiserror::Error, ErrorType)]
enum AnswerError {
    /// The label is that of the inner error.
    #[error("the search failed")]
    #[error_type(transparent)]
    Search(#[from] SearchError),
    #[error("the sources do not answer the question")]
    NoContext,
}

#[rag_span(layer = "retrieval", empty)]
fn search(question: &str) -> Result<Vec<&str>, SearchError> {
    match question {
        "slow" => Err(SearchError::Timeout { after_ms: 5_000 }),
        "busy" => Err(SearchError::TooManyRequests),
        "football" => Ok(vec![]),
        found => Ok(vec![found]),
    }
}

/// An error that comes from `search` is logged there, at its level; the record of this call is then INFO, and names the
/// span where the error began.
#[rag_span(layer = "api")]
fn answer(question: &str) -> Result<String, AnswerError> {
    let hits = search(question)?;
    if hits.is_empty() {
        return Err(AnswerError::NoContext);
    }
    Ok(hits.join(" "))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::default().without_sinks().without_metrics_listener();
    let telemetry = ragspan::start(config.stdout(Format::Auto))?;
    for question in ["slow", "busy", "football"] {
        // The failures are in the records.
        let _failed = answer(question);
    }
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
