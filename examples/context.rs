//! Adds the user of a request to every record of the request, in tasks and threads too.
//!
//! `cargo run -p ragspan-examples --bin context`

use std::error::Error;
use std::time::Duration;

use ragspan::config::Format;
use ragspan::{Config, LogContext, rag_span};

/// Every record in the scope of a request repeats these fields.
#[derive(LogContext)]
struct Request {
    user_id: String,
    tenant_id: &'static str,
    plan: Option<&'static str>,
    #[log(redact)]
    api_key: String,
    #[log(skip)]
    question: String,
}

/// No argument names the user, and the record has it all the same.
#[rag_span(layer = "retrieval")]
async fn search(question: String) -> Vec<String> {
    tracing::info!(chars = question.len(), "searching");
    vec![question]
}

#[rag_span(layer = "evaluation")]
fn score(hits: &[String]) -> f64 {
    if hits.is_empty() { 0.0 } else { 1.0 }
}

#[rag_span(layer = "api")]
async fn answer(question: &str) -> Result<f64, Box<dyn Error + Send + Sync>> {
    // These two keep the request's trace and fields; `tokio::spawn` and `std::thread::spawn` lose them.
    let hits = ragspan::task::spawn(search(question.to_owned())).await?;
    let scoring = ragspan::task::spawn_thread(move || score(&hits));
    // A field of the request from here on.
    ragspan::scope::bind("cohort", "beta");
    scoring.join().map_err(|_| "the scoring panicked".into())
}

async fn handle(request: Request) -> Result<f64, Box<dyn Error + Send + Sync>> {
    if request.api_key.is_empty() {
        return Err("no API key".into());
    }
    request.scope(answer(&request.question)).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let config = Config::default().without_sinks().without_metrics_listener();
    let telemetry = ragspan::start(config.stdout(Format::Auto))?;
    let request = Request {
        user_id: "ada".to_owned(),
        tenant_id: "acme",
        plan: None, // not recorded
        api_key: "s3cret".to_owned(),
        question: "what is a span?".to_owned(),
    };
    handle(request).await?;
    tracing::info!("outside of the scope");
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
