//! Serves the answers over HTTP: `POST /query`, `GET /metrics`, `GET /health`.

use std::sync::{Arc, Weak};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use ragspan::{ErrorType as _, Telemetry};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{AnswerError, Request, Service};
use crate::ask::ask;
use crate::retrieve::RetrievalError;

/// The state of the handlers.
pub struct App {
    pub service: Arc<Service>,
    /// Gone after the shutdown.
    pub telemetry: Weak<Telemetry>,
}

/// Returns the three routes.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/query", post(query))
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .with_state(Arc::new(app))
}

#[derive(Deserialize)]
struct QueryBody {
    query: String,
    user_id: Option<String>,
    session_id: Option<String>,
}

#[derive(Serialize)]
struct AnswerBody {
    response: String,
    trace_id: Option<String>,
    quality: f64,
    quality_tier: &'static str,
}

/// Reads JSON whatever the header names it: `curl -d` names it a form.
async fn query(State(app): State<Arc<App>>, body: Bytes) -> Response {
    let body: QueryBody = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) if error.is_data() => {
            return bad_request(StatusCode::UNPROCESSABLE_ENTITY, &error);
        }
        Err(error) => return bad_request(StatusCode::BAD_REQUEST, &error),
    };
    let user = body.user_id.unwrap_or_else(|| "anonymous".to_owned());
    let mut request = Request::new(body.query, user);
    if let Some(session) = body.session_id {
        request.session_id = session;
    }
    let reply = ask(&app.service, request).await;
    let trace_id = reply.request.trace_id().map(|id| id.to_string());
    match reply.outcome {
        Ok(answered) => Json(AnswerBody {
            response: answered.text,
            trace_id,
            quality: answered.evaluation.faithfulness,
            quality_tier: answered.evaluation.tier(),
        })
        .into_response(),
        Err(error) => {
            let details = json!({"type": error.error_type(), "message": error.to_string()});
            let body = json!({"error": details, "trace_id": trace_id});
            (status_of(&error), Json(body)).into_response()
        }
    }
}

fn status_of(error: &AnswerError) -> StatusCode {
    match error {
        AnswerError::NoContext => StatusCode::NOT_FOUND,
        AnswerError::Retrieval(RetrievalError::EmptyQuestion) => StatusCode::BAD_REQUEST,
        AnswerError::Generation(_) => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Rejects an invalid body, which has no trace, because no request began.
fn bad_request(status: StatusCode, error: &serde_json::Error) -> Response {
    let details = json!({"type": "bad_request", "message": error.to_string()});
    (status, Json(json!({"error": details, "trace_id": null}))).into_response()
}

async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, StatusCode> {
    let telemetry = app
        .telemetry
        .upgrade()
        .ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok());
    let metrics = telemetry.render_metrics(accept);
    Ok(([(header::CONTENT_TYPE, metrics.content_type)], metrics.body).into_response())
}

/// Returns 200 also where records are lost: that is a reason to look, and not one to restart the service.
async fn health(State(app): State<Arc<App>>) -> Result<Json<Value>, StatusCode> {
    let telemetry = app
        .telemetry
        .upgrade()
        .ok_or(StatusCode::SERVICE_UNAVAILABLE)?;
    let details: Value = serde_json::from_str(&telemetry.health().to_json()).unwrap_or_default();
    Ok(Json(json!({
        "status": details["status"],
        "chunks": app.service.library.chunks().len(),
        "model": app.service.generator.model(),
        "telemetry": details,
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::bees;

    #[tokio::test]
    async fn an_error_is_json_and_has_a_status_of_its_own() {
        let (service, telemetry) = (Arc::new(bees()), Weak::new());
        let app = Arc::new(App { service, telemetry });
        for (sent, status, error_type) in [
            (
                r#"{"query": "who won the 1954 world cup?"}"#,
                404,
                "no_context",
            ),
            (r#"{"query": "  "}"#, 400, "empty_question"),
            (r#"{"question": "?"}"#, 422, "bad_request"),
            ("{", 400, "bad_request"),
        ] {
            let response = query(State(Arc::clone(&app)), Bytes::from(sent)).await;
            assert_eq!(response.status(), status, "{sent}");
            let body = axum::body::to_bytes(response.into_body(), 1024)
                .await
                .unwrap();
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["error"]["type"], error_type, "{sent}");
        }
    }
}
