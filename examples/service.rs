//! An axum service: every request is a call with the caller's trace, its user on every record, and a trace id to return.
//!
//! `cargo run -p ragspan-examples --bin service`, then `curl -s -H 'x-user: ada' 'localhost:8000/answer?spans'`.

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::get;
use ragspan::{Config, LogContext, rag_span};
use tokio::net::TcpListener;

/// The fields that every record of a request repeats.
#[derive(LogContext)]
struct Caller {
    user_id: Option<String>,
}

impl Caller {
    fn of(request: &Parts) -> Self {
        let user = request.headers.get("x-user");
        let user = user.and_then(|it| it.to_str().ok());
        let user_id = user.map(str::to_owned);
        Self { user_id }
    }
}

#[rag_span(layer = "retrieval", empty)]
async fn search(question: &str) -> Vec<&'static str> {
    let mut shelf = vec!["spans are calls", "traces are requests"];
    shelf.retain(|text| text.contains(question));
    shelf
}

/// The trace id in the response is the one to look up: `ragspan trace <id>`.
async fn answer(RawQuery(question): RawQuery) -> (StatusCode, String) {
    let hits = search(&question.unwrap_or_default()).await;
    let trace = ragspan::trace_id().map(|id| id.to_string());
    let body = format!("{}\ntrace {}\n", hits.join(", "), trace.unwrap_or_default());
    match hits.is_empty() {
        true => (StatusCode::NOT_FOUND, body),
        false => (StatusCode::OK, body),
    }
}

fn app() -> Router {
    // Reads and writes the headers `traceparent` and `x-request-id`; health checks are not recorded.
    let layer = ragspan::http::layer()
        .operation("answer")
        .context(Caller::of)
        .leave_out(["/health"]);
    Router::new()
        .route("/answer", get(answer))
        .route("/health", get(async || "ok"))
        .layer(layer)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = std::env::var("PORT").map_or(Ok(8000), |port| port.parse())?;
    let config = Config::default()
        .service("shelf", env!("CARGO_PKG_VERSION"), "development")
        .without_metrics_listener();
    let telemetry = ragspan::start(config)?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    tracing::info!(address = %listener.local_addr()?, "listening");
    // Ends at Ctrl-C or SIGTERM; the last records are delivered after the last request.
    axum::serve(listener, app())
        .with_graceful_shutdown(ragspan::terminated())
        .await?;
    telemetry.shutdown(Duration::from_secs(5)).await.report();
    Ok(())
}
