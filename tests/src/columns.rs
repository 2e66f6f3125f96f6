//! Stores records with every typed column, and fields of users whose names ragspan reserves; `tests/it/keys.rs` reads them.
//!
//! `columns DB`

#![allow(missing_docs)]

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use ragspan::rag::{self, Verdict};
use ragspan::{Config, Usage, rag_span};

/// The user's own fields have the names that ragspan decides by.
#[rag_span(layer = "data", context(remote_parent, status, operation, llm_calls))]
fn load(remote_parent: bool, status: &str, operation: &str, llm_calls: u64) -> u64 {
    llm_calls + u64::from(remote_parent) + (status.len() + operation.len()) as u64
}

#[rag_span(layer = "generation", model = "small-1", usage = |usage| *usage, cost = |_| 0.5)]
fn generate() -> Usage {
    let mut usage = Usage::new(1000, 200);
    usage.cached_input = 300;
    usage
}

#[rag_span(layer = "retrieval")]
fn search() -> Result<(), std::num::ParseIntError> {
    "ten".parse::<u8>().map(drop)
}

#[rag_span(layer = "api")]
fn answer() -> Result<(), std::num::ParseIntError> {
    load(true, "mine", "mine", 7);
    generate();
    rag::record_score("faithfulness", 0.75);
    rag::record_claims(4, 1);
    rag::feedback("helpful", Verdict::Good);
    search()
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("columns DB")?);
    let config = Config::default()
        .without_sinks()
        .sqlite(path)
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    let result = answer();
    telemetry
        .shutdown_blocking(Duration::from_secs(30))
        .report();
    assert!(result.is_err(), "the search fails");
    Ok(())
}
