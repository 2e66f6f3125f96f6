//! The design's ingestion pipeline is one call with four below it, of one trace.

use std::collections::BTreeSet;

use ragspan::testing::{Captured, capture_async};
use ragspan_examples::corpus::Corpus;
use ragspan_examples::pipeline::ingest_file;
use serde_json::{Value, json};

const TEXT: &str =
    "# Bees\n\nBees fly from flower to flower.\n\n# Wasps\n\nWasps sting when they are cross.\n";

/// The calls that have ended, in that order.
fn calls(seen: &Captured) -> Vec<&Value> {
    let ended = |record: &&Value| !record["context"]["status"].is_null();
    seen.records().iter().filter(ended).collect()
}

/// A call and all below it: `pipeline > parsing, chunking`.
fn tree(seen: &Captured, from: &Value) -> String {
    let all = calls(seen);
    let below = all
        .iter()
        .filter(|call| call["parent_span_id"] == from["span_id"]);
    let below: Vec<String> = below.map(|call| tree(seen, call)).collect();
    let operation = from["context"]["operation"].as_str().unwrap_or("?");
    match below.as_slice() {
        [] => operation.to_owned(),
        below => format!("{operation} > {}", below.join(", ")),
    }
}

#[tokio::test]
async fn the_pipeline_is_a_tree_of_one_trace() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("insects.md");
    std::fs::write(&path, TEXT).expect("a file");
    let corpus = Corpus::folder(dir.path()).expect("a corpus");
    let (library, seen) = capture_async(ingest_file(&corpus, &path)).await;
    let chunks = library.expect("a library").len();

    let root = seen.record("ingestion_pipeline_complete");
    let shown = tree(&seen, root);
    assert_eq!(
        shown,
        "ingestion_pipeline > parsing, chunking, embedding, storage"
    );
    let traces: BTreeSet<_> = calls(&seen)
        .iter()
        .map(|call| call["trace_id"].to_string())
        .collect();
    assert_eq!((traces.len(), root["parent_span_id"].is_null()), (1, true));
    assert!(
        calls(&seen)
            .iter()
            .all(|call| call["metrics"]["duration_ms"].is_f64())
    );

    assert_eq!(root["context"]["chunks"], chunks);
    let parsing = seen.record("parsing_complete");
    assert_eq!(parsing["context"]["source"], "insects.md");
    assert_eq!(parsing["metrics"]["bytes"], TEXT.len());
    let embedding = seen.record("embedding_complete");
    assert_eq!(
        (
            &embedding["context"]["chunks"],
            &embedding["context"]["kind"]
        ),
        (&json!(chunks), &json!("embedding"))
    );
    assert!(
        embedding["metrics"]["words"].as_u64() > Some(9),
        "{embedding}"
    );
    assert_eq!(seen.record("storage_complete")["logger"], "rag.data");
}

#[tokio::test]
async fn a_document_that_cannot_be_read_ends_the_pipeline_in_its_first_block() {
    let dir = tempfile::tempdir().expect("a folder");
    let corpus = Corpus::folder(dir.path()).expect("a corpus");
    let (library, seen) = capture_async(ingest_file(&corpus, &dir.path().join("gone.md"))).await;
    assert!(library.is_err());
    let (born, root) = (
        seen.record("parsing_failed"),
        seen.record("ingestion_pipeline_failed"),
    );
    assert_eq!(tree(&seen, root), "ingestion_pipeline > parsing");
    assert_eq!(
        (&born["level"], &root["level"]),
        (&json!("ERROR"), &json!("INFO"))
    );
    assert_eq!(root["context"]["error_span_id"], born["span_id"]);
    let trace = born["stack_trace"].as_str().unwrap_or_default();
    assert!(
        trace.contains("ingestion_pipeline (examples/src/pipeline.rs:"),
        "{trace}"
    );
}
