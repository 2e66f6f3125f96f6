//! Part 4.2 of the design, "Context Binding": `create_request_logger`, the four ids on every event, and nothing to pass by
//! hand.
//!
//! | the design writes | here |
//! |---|---|
//! | `structlog.get_logger("rag").bind(..)` | `logger()` of a struct that derives `LogContext` |
//! | `logger.info("query_started", query=..)` | `event!(log, INFO, query, "query_started")` |
//! | every log has the context | a scope with the logger: then records that do not go through it have the ids as well |
//!
//! `cargo run -p ragspan-examples --bin bound`

use std::error::Error;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use ragspan::config::Format;
use ragspan::{Config, LogContext, Logger, event, rag_span};

/// The fields that every event of the logger repeats.
#[derive(LogContext)]
struct Bound<'a> {
    user_id: &'a str,
    request_id: &'a str,
    tenant_id: &'static str,
    session_id: String,
}

fn create_request_logger(user_id: &str, request_id: &str) -> Logger {
    let bound = Bound {
        user_id,
        request_id,
        tenant_id: get_tenant_for_user(user_id),
        session_id: generate_session_id(),
    };
    bound.logger()
}

/// Returns the customer that a user belongs to; a service would look into a table.
fn get_tenant_for_user(user_id: &str) -> &'static str {
    if user_id.starts_with("guest") {
        "visitors"
    } else {
        "acme"
    }
}

fn generate_session_id() -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("ses-{random:016x}")
}

/// Logs as the design does: through the logger.
fn log_query(log: &Logger, query: &str) {
    event!(log, INFO, query, "query_started");
    event!(log, INFO, chunks_needed = 5, "retrieval_started");
    event!(log, INFO, model = "gpt-4o", "generation_started");
}

/// In a scope with the logger, calls and events that do not know it have the ids too.
async fn answer_in_scope(log: &Logger, query: &str) {
    log.scope(answer(query)).await;
}

#[rag_span(layer = "api", context(query))]
async fn answer(query: &str) {
    retrieve(5).await;
    tracing::info!(model = "gpt-4o", "asking");
}

#[rag_span(layer = "retrieval", operation = "retrieval", context(chunks_needed))]
async fn retrieve(chunks_needed: u32) {
    tokio::task::yield_now().await;
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::default().without_sinks().without_metrics_listener();
    let telemetry = ragspan::start(config.stdout(Format::Auto))?;
    let log = create_request_logger("user-123", "req-001");
    log_query(&log, "what is X?");
    answer_in_scope(&log, "what is X?").await;
    log_query(&create_request_logger("guest-7", "req-002"), "what is Y?");
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
