//! The design's bound logger (`create_request_logger`, part 4.2), with ragspan: the four ids on every event, and nothing to pass by hand.
//!
//! | the design writes | here | fields |
//! |---|---|---|
//! | `structlog.get_logger("rag").bind(..)` | [`LogContext::logger`] of a struct | `user_id`, `request_id`, `tenant_id`, `session_id` |
//! | `tenant_id=get_tenant_for_user(user_id)` | the same | `tenant_id` |
//! | `session_id=generate_session_id()` | the same, where the request has none | `session_id` |
//! | `logger.info("query_started", query=..)` | `event!(log, INFO, query, "query_started")` | `query` |
//! | `logger.info("retrieval_started", chunks_needed=5)` | the same; or, by the attribute, `retrieval_started` of a function | `chunks_needed` |
//! | `logger.info("generation_started", model="gpt-4o")` | the same | `model` |
//! | every log has the context | a scope with the logger: then records that do not go through it have the ids as well | |

use std::hash::{BuildHasher, Hasher, RandomState};

use ragspan::{LogContext, Logger, event, rag_span};

/// The model that the design asks.
const MODEL: &str = "gpt-4o";

/// The fields that the request's events repeat.
#[derive(Debug, LogContext)]
struct Bound<'a> {
    user_id: &'a str,
    request_id: &'a str,
    tenant_id: &'static str,
    session_id: String,
}

/// A logger whose every event has the user, the request, the user's tenant, and the session, a new one where there is none.
///
/// ```
/// use ragspan_examples::bound::create_request_logger;
///
/// let (_, seen) = ragspan::testing::capture(|| {
///     let log = create_request_logger("user-123", "req-001", None);
///     ragspan::event!(log, INFO, query = "what is X?", "query_started");
/// });
/// seen.event("query_started").assert_user("user-123").assert_field("tenant_id", "acme").assert_field("query", "what is X?");
/// ```
#[must_use]
pub fn create_request_logger(user_id: &str, request_id: &str, session_id: Option<&str>) -> Logger {
    let bound = Bound {
        user_id,
        request_id,
        tenant_id: get_tenant_for_user(user_id),
        session_id: session_id.map_or_else(generate_session_id, str::to_owned),
    };
    bound.logger()
}

/// The customer that a user belongs to: here by the name, elsewhere by a table.
fn get_tenant_for_user(user_id: &str) -> &'static str {
    if user_id.starts_with("guest") {
        "visitors"
    } else {
        "acme"
    }
}

/// A session that nobody has had.
fn generate_session_id() -> String {
    let random = RandomState::new().build_hasher().finish();
    format!("ses-{random:016x}")
}

/// The design's three logs, through the logger.
pub fn log_query(log: &Logger, query: &str) {
    event!(log, INFO, query, "query_started");
    event!(log, INFO, chunks_needed = 5, "retrieval_started");
    event!(log, INFO, model = MODEL, "generation_started");
}

/// The same request inside of a scope with the logger: its calls, and events of those who know no logger, have the ids too.
pub async fn answer_in_scope(log: &Logger, query: &str) {
    log.scope(answer(query)).await;
}

#[rag_span(layer = "api", context(query))]
async fn answer(query: &str) {
    retrieve(5).await;
    tracing::info!(model = MODEL, "asking");
}

#[rag_span(layer = "retrieval", operation = "retrieval", context(chunks_needed))]
async fn retrieve(chunks_needed: u32) {
    tokio::task::yield_now().await;
}
