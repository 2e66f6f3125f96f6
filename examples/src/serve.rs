//! Keeps the service up over HTTP: `POST /query`, `GET /metrics`, `GET /health`.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ragspan::ErrorType;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::net::TcpListener;

use crate::answer::{AnswerError, Answered, Request, Service};
use crate::program::{Reply, ask};
use crate::retrieve::RetrievalError;
use crate::telemetry::Telemetry;

/// No question is longer than this.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The state of the handlers.
#[derive(Debug)]
pub struct App {
    /// What answers.
    pub service: Arc<Service>,
    /// What records.
    pub telemetry: Arc<Telemetry>,
}

/// The body of `POST /query`.
#[derive(Debug, Deserialize)]
struct QueryBody {
    query: String,
    user_id: Option<String>,
    session_id: Option<String>,
}

/// The three routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/query", post(query))
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(app)
}

/// Serves until `shutdown` is ready, then finishes what was begun.
///
/// # Errors
/// Any error of the listener.
pub async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router(app))
        .with_graceful_shutdown(shutdown)
        .await
}

/// Ready when the process is asked to end: Ctrl-C, or SIGTERM where there is such a thing.
///
/// # Errors
/// If the signals cannot be listened to.
pub fn terminated() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    let mut asked = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    #[cfg(unix)]
    let asked_to_end = async move {
        asked.recv().await;
    };
    #[cfg(not(unix))]
    let asked_to_end = std::future::pending();
    Ok(async move {
        tokio::select! {
            () = asked_to_end => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    })
}

/// Takes JSON whatever the header calls it: `curl -d` calls it a form.
async fn query(State(app): State<Arc<App>>, body: Result<Bytes, BytesRejection>) -> Response {
    let body: QueryBody = match body.map(|bytes| serde_json::from_slice(&bytes)) {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => return refused(status_of_json(&error), &error.to_string()),
        Err(rejection) => return refused(rejection.status(), &rejection.body_text()),
    };
    let user = body.user_id.unwrap_or_else(|| "anonymous".to_owned());
    let mut request = Request::new(body.query, user);
    if let Some(session) = body.session_id {
        request = request.in_session(session);
    }
    let reply = ask(&app.service, request).await;
    match &reply.outcome {
        Ok(answered) => answered_response(&reply, answered),
        Err(error) => failed_response(&reply, error),
    }
}

/// The body of an answer to `POST /query`, in this order.
#[derive(Serialize)]
struct AnswerBody<'a> {
    response: &'a str,
    trace_id: Option<String>,
    quality: f64,
    quality_tier: &'static str,
}

fn answered_response(reply: &Reply, answered: &Answered) -> Response {
    Json(AnswerBody {
        response: &answered.text,
        trace_id: trace_id(reply),
        quality: answered.evaluation.faithfulness,
        quality_tier: answered.evaluation.tier().as_str(),
    })
    .into_response()
}

fn failed_response(reply: &Reply, error: &AnswerError) -> Response {
    let body = json!({
        "error": {"type": error.error_type(), "message": error.to_string()},
        "trace_id": trace_id(reply),
    });
    (status_of(error), Json(body)).into_response()
}

fn trace_id(reply: &Reply) -> Option<String> {
    reply.request.trace_id().map(|id| id.to_string())
}

fn status_of(error: &AnswerError) -> StatusCode {
    match error {
        AnswerError::NoContext => StatusCode::NOT_FOUND,
        AnswerError::Retrieval(RetrievalError::EmptyQuestion) => StatusCode::BAD_REQUEST,
        AnswerError::Generation(_) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Rejects an invalid body: it has no trace, because no request began.
fn refused(status: StatusCode, why: &str) -> Response {
    let body = json!({
        "error": {"type": "bad_request", "message": why},
        "trace_id": null,
    });
    (status, Json(body)).into_response()
}

fn status_of_json(error: &serde_json::Error) -> StatusCode {
    if error.is_data() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::BAD_REQUEST
    }
}

async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|accept| accept.to_str().ok());
    match app.telemetry.metrics(accept) {
        Some(it) => ([(header::CONTENT_TYPE, it.content_type)], it.body).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Answers are given also where records are lost: that is a trouble to see, and none to be restarted for.
async fn health(State(app): State<Arc<App>>) -> Response {
    let (healthy, telemetry) = app.telemetry.health();
    let body = json!({
        "status": if healthy { "ok" } else { "degraded" },
        "chunks": app.service.library().len(),
        "model": app.service.generator().model(),
        "telemetry": telemetry,
    });
    Json(body).into_response()
}
