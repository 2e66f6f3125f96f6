//! Does one thing many times inside a call that lives on, and prints how much memory grows by it.
//!
//! `bounded COUNT`: a line for each thing, with its name and the growth in KiB. `tests/it/bounds.rs` checks them.

#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;

use ragspan::rag::{self, Verdict};
use ragspan::{Config, Level, LogContext, Logger, rag_span, record};
use tracing::field::Empty;

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("how many times?")?.parse()?;
    let config = Config::default().without_sinks().without_metrics_listener();
    let telemetry = ragspan::start(config.level(Level::Critical))?;
    for (name, action) in ACTIONS {
        println!("{name} {}", grown(count, action));
    }
    drop(telemetry);
    Ok(())
}

/// Does something for the time of this number.
type Action = fn(u64);

const ACTIONS: [(&str, Action); 16] = [
    ("number", |at| record("number", at)),
    ("text", |at| record("text", text(at).as_str())),
    ("names", |at| record(name(at), at)),
    ("field", |at| set_field(&tracing::Span::current(), at)),
    ("retry", |at| rag::retry(number(at), "late")),
    ("fallback", |at| rag::fallback("a", &text(at), "late")),
    ("cache", |at| rag::cache_hit(&text(at % 100))),
    ("score", |at| rag::record_score(&text(at), 0.5)),
    ("claims", |at| rag::record_claims(at, 0)),
    ("budget", |at| rag::token_budget(at, 1, 1, 1)),
    ("feedback", |at| rag::feedback(&text(at), Verdict::Good)),
    ("bind", |at| {
        ragspan::scope::bind("bound", text(at).as_str())
    }),
    ("binds", |at| ragspan::scope::bind(name(at), at)),
    ("scope", |at| Logger::new().with(name(at), at).bind()),
    ("children", |at| child(at)),
    ("errors", |at| drop(failing(at))),
];

fn set_field(span: &tracing::Span, at: u64) {
    span.record("field", at);
}

fn number(at: u64) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn text(at: u64) -> String {
    format!("the text of number {at}")
}

/// Returns one of many names that are not known before.
fn name(at: u64) -> &'static str {
    static NAMES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    let names = NAMES.get_or_init(|| (0..5_000).map(|at| format!("name_{at}")).collect());
    usize::try_from(at)
        .ok()
        .and_then(|at| names.get(at % names.len()))
        .map_or("name", String::as_str)
}

#[rag_span(layer = "data")]
fn child(_: u64) {}

#[rag_span(layer = "data")]
fn failing(at: u64) -> Result<(), String> {
    Err(text(at))
}

#[rag_span(layer = "api", fields(field = Empty))]
fn grown(count: u64, action: Action) -> u64 {
    // What is made once, such as the names, is no growth.
    (0..5_000).for_each(action);
    let before = resident_kib();
    (5_000..5_000 + count).for_each(action);
    resident_kib().saturating_sub(before)
}

/// Returns the resident memory of this process; zero if the system does not report it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}
