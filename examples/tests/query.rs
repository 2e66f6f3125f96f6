//! The design's whole request is one trace of the handler and its three stages, whose id the user gets also where it fails.

use ragspan::ErrorType;
use ragspan::prices::Prices;
use ragspan::testing::{Capture, Captured};
use ragspan_examples::answer::{AnswerError, Service};
use ragspan_examples::corpus::Document;
use ragspan_examples::generate::Generator;
use ragspan_examples::ingest::{chunk_document, embed_chunks, store};
use ragspan_examples::query::{QueryError, QueryResponse, query_handler};
use serde_json::{Value, json};

const TEXT: &str = "# Bees\n\nThe queen lays two thousand eggs a day. Drones have no sting.\n";

async fn ask(question: &str) -> (Result<QueryResponse, QueryError>, Captured) {
    let document = Document {
        source: "bees.md".to_owned(),
        text: TEXT.to_owned(),
    };
    let library = store(embed_chunks(chunk_document(&document)));
    let service = Service::new(library, Generator::Extractive);
    let model = service.generator().model();
    let table = json!({"models": {model: {"input": 2.5, "output": 10.0}}});
    let prices = Prices::from_json(&table.to_string()).expect("prices");
    let capture = Capture::new().prices(prices);
    capture
        .run_async(query_handler(&service, question, "ada"))
        .await
}

/// The operations directly below the root, in the order of their start.
fn stages(seen: &Captured) -> Vec<String> {
    let tree = seen.tree();
    let below = tree.lines().filter_map(|line| line.strip_prefix("  "));
    let direct = below.filter(|line| !line.starts_with(' '));
    let calls = direct.filter_map(|line| line.split_once(" ("));
    calls.map(|(name, _)| name.to_owned()).collect()
}

fn is_one_trace_of_ada(seen: &Captured, trace: &Value) {
    for record in seen.records() {
        assert_eq!(record["trace_id"], *trace, "{record}");
        assert_eq!(
            (&record["user_id"], &record["tenant_id"]),
            (&json!("ada"), &json!("acme"))
        );
    }
}

#[tokio::test]
async fn an_answered_query_is_one_trace_of_a_root_and_three_stages() {
    let (answered, seen) = ask("How many eggs does the queen lay?").await;
    let answered = answered.expect("an answer");
    assert_eq!(stages(&seen), ["retrieve", "generate", "evaluate"]);
    let root = seen
        .span("api_query")
        .assert_root()
        .assert_success()
        .assert_layer("api")
        .record();
    seen.event("api_request_received")
        .assert_under("api_query")
        .assert_field("query", "How many eggs does the queen lay?");
    seen.span("retrieve")
        .assert_layer("retrieval")
        .assert_success()
        .assert_field("chunks_count", 1);
    seen.span("generate")
        .assert_layer("generation")
        .assert_success();
    seen.span("evaluate")
        .assert_layer("evaluation")
        .assert_success();
    for stage in ["retrieve", "generate", "evaluate"] {
        assert!(seen.span(stage).record()["metrics"]["duration_ms"].is_number());
    }
    let body = serde_json::to_value(&answered).expect("json");
    assert_eq!(
        body,
        json!({
            "response": "The queen lays two thousand eggs a day. [bees.md:3]",
            "trace_id": root["trace_id"],
            "quality": 1.0,
        })
    );
    is_one_trace_of_ada(&seen, &root["trace_id"]);
}

#[tokio::test]
async fn the_stages_record_tokens_cost_and_quality_and_the_root_their_sum() {
    let (_, seen) = ask("How many eggs does the queen lay?").await;
    let metrics = |operation| &seen.span(operation).record()["metrics"];
    let (root, generated) = (metrics("api_query"), metrics("generate"));
    assert!(generated["total_tokens"].as_u64() > Some(20), "{generated}");
    assert!(generated["cost_usd"].as_f64() > Some(0.0), "{generated}");
    assert_eq!(root["cost_usd"], generated["cost_usd"]);
    assert_eq!(
        (&root["quality"], &metrics("evaluate")["faithfulness"]),
        (&json!(1.0), &json!(1.0))
    );
    seen.span("api_query").assert_field("quality_tier", "good");
    assert!(root["duration_ms"].as_f64() >= generated["duration_ms"].as_f64());
}

#[tokio::test]
async fn a_failed_query_returns_its_trace_too() {
    for (question, kind, stage) in [
        ("who won the 1954 world cup?", "no_context", "retrieve"),
        (" ", "empty_question", "retrieve"),
    ] {
        let (failed, seen) = ask(question).await;
        let failed = failed.expect_err("no answer");
        assert_eq!(failed.error_type(), kind);
        let root = seen
            .span("api_query")
            .assert_root()
            .assert_failed_with(kind)
            .record();
        assert_eq!(
            root["trace_id"],
            failed.trace_id.expect("a trace").to_string()
        );
        assert_eq!(stages(&seen), [stage]);
        is_one_trace_of_ada(&seen, &root["trace_id"]);
        assert_eq!(
            matches!(failed.source, AnswerError::NoContext),
            kind == "no_context"
        );
    }
}
