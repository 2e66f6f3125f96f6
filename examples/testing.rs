//! Tests what the code records: spans, events, fields and metrics, captured without a sink or a port.
//!
//! `cargo test -p ragspan-examples --test testing`

use ragspan::testing::{capture, capture_async};
use ragspan::{ErrorType, LogContext, rag_span};

#[derive(LogContext)]
struct Request {
    user_id: &'static str,
}

#[derive(Debug, PartialEq, thiserror::Error, ErrorType)]
enum SearchError {
    #[error("the index did not answer")]
    Timeout,
}

#[rag_span(layer = "retrieval", context(top_k), ok(|hits| chunks = hits.len()))]
fn search(query: &str, top_k: usize) -> Result<Vec<&str>, SearchError> {
    if query == "slow" {
        return Err(SearchError::Timeout);
    }
    tracing::info!(entries = 40, "cache warmed");
    Ok(vec![query; top_k])
}

#[rag_span(layer = "api")]
async fn answer(query: &str) -> Result<String, SearchError> {
    Ok(search(query, 3)?.join(" "))
}

#[test]
fn a_search_records_its_hits() {
    let (hits, seen) = capture(|| search("bees", 3));
    assert_eq!(hits, Ok(vec!["bees"; 3]));
    seen.span("search")
        .assert_root()
        .assert_success()
        .assert_layer("retrieval")
        .assert_field("chunks", 3);
    seen.event("cache warmed")
        .assert_under("search")
        .assert_field("entries", 40);
    seen.assert_no_errors();
}

#[tokio::test]
async fn every_record_of_a_request_has_its_user_and_none_has_the_question() {
    let request = Request { user_id: "ada" };
    let (_, seen) = capture_async(async { request.scope(answer("bees")).await }).await;
    seen.span("answer").assert_root().assert_user("ada");
    seen.span("search")
        .assert_under("answer")
        .assert_user("ada");
    seen.assert_no_text("bees");
}

#[tokio::test]
async fn a_timeout_is_counted_once_in_the_layer_where_it_began() {
    let (_, seen) = capture_async(async { answer("slow").await }).await;
    seen.span("answer").assert_failed_with("timeout");
    for (layer, errors) in [("retrieval", 1.0), ("api", 0.0)] {
        seen.assert_metric(
            "rag_errors_total",
            &[("error_type", "timeout"), ("layer", layer)],
            errors,
        );
    }
}
