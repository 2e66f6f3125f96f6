//! The design's example of a whole request (`query_handler`, part 10), with ragspan: one trace of the handler and its three stages.
//!
//! | the design writes | here | layer | values |
//! |---|---|---|---|
//! | `@traceable(name="api_query")` | `#[rag_span(operation = "api_query")]` | api | `query`, `quality`, `quality_tier` |
//! | `trace_id = str(uuid4())`, `trace_id_var.set(..)` | by itself; [`ragspan::trace_id`] reads it | | |
//! | `user_id_var.set(user_id)` | `context_from = ..` | | `user_id`, `tenant_id`, `session_id` on every record |
//! | `api_request_received` | the same, an event of the handler | api | `query` |
//! | `retrieval_starting`, `retrieval_complete` | `retrieve_started`, `retrieve_complete` | retrieval | `chunks_count`, `duration_ms` |
//! | `generation_starting`, `generation_complete` | `generate_started`, `generate_complete` | generation | `total_tokens`, `cost_usd` |
//! | `evaluation_starting`, `evaluation_complete` | `evaluate_started`, `evaluate_complete` | evaluation | `faithfulness` |
//! | `request_complete` | `api_query_complete` | api | `duration_ms`, `cost_usd`, `status`, `trace_id` |
//! | `return {"response", "trace_id", "quality"}` | [`QueryResponse`]; [`QueryError`] has the trace as well | | |
//!
//! The stages are those of the quickstart, which [`serve`](crate::serve) keeps up over HTTP.

use std::sync::Arc;

use ragspan::{ErrorType, TraceId, rag_span};
use serde::Serialize;

use crate::answer::{AnswerError, Request, Service};
use crate::evaluate::{QualityTier, evaluate};
use crate::generate::generate;
use crate::library::Library;
use crate::retrieve::{Hit, RetrievalError, hybrid_search};

/// How many chunks an answer is made from at most.
const TOP_K: usize = 5;

/// The response.
#[derive(Debug, Serialize)]
pub struct QueryResponse {
    /// The answer.
    pub response: String,
    /// By which the request is found again; `None` only in a build with instrumentation switched off.
    pub trace_id: Option<String>,
    /// How much of the answer its sources support, 0 to 1.
    pub quality: f64,
    #[serde(skip)]
    tier: QualityTier,
}

/// The error response.
#[derive(Debug, thiserror::Error)]
#[error("the query has no answer")]
pub struct QueryError {
    /// By which the request is found again.
    pub trace_id: Option<TraceId>,
    /// Why.
    pub source: AnswerError,
}

impl ErrorType for QueryError {
    fn error_type(&self) -> &'static str {
        self.source.error_type()
    }
}

/// Answers a user's question.
///
/// # Errors
/// [`QueryError`], with the trace of what went wrong.
#[rag_span(
    layer = "api",
    operation = "api_query",
    context(query),
    context_from = Request::new(query, user_id),
    ok(|answered| metrics.quality = answered.quality, quality_tier = answered.tier.as_str())
)]
pub async fn query_handler(
    service: &Service,
    query: &str,
    user_id: &str,
) -> Result<QueryResponse, QueryError> {
    tracing::info!(query, "api_request_received");
    let trace_id = ragspan::trace_id();
    let answered = respond(service, query).await;
    answered.map_err(|source| QueryError { trace_id, source })
}

async fn respond(service: &Service, query: &str) -> Result<QueryResponse, AnswerError> {
    let chunks = retrieve(service.library(), query).await?;
    if chunks.is_empty() {
        return Err(AnswerError::NoContext);
    }
    let generated = generate(service.generator(), query, &chunks, &mut |_| ()).await?;
    let evaluation = evaluate(&generated.text, &chunks)?;
    Ok(QueryResponse {
        response: generated.text,
        trace_id: ragspan::trace_id().map(|id| id.to_string()),
        quality: evaluation.faithfulness,
        tier: evaluation.tier(),
    })
}

#[rag_span(layer = "retrieval", empty, ok(|chunks| chunks_count = chunks.len()))]
async fn retrieve(library: &Arc<Library>, query: &str) -> Result<Vec<Hit>, RetrievalError> {
    hybrid_search(library, query, TOP_K).await
}
