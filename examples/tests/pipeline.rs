//! The design's ingestion pipeline is one call with four below it, of one trace.

use ragspan::testing::capture_async;
use ragspan_examples::corpus::Corpus;
use ragspan_examples::pipeline::ingest_file;
use serde_json::json;

const TEXT: &str =
    "# Bees\n\nBees fly from flower to flower.\n\n# Wasps\n\nWasps sting when they are cross.\n";

#[tokio::test]
async fn the_pipeline_is_a_tree_of_one_trace() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("insects.md");
    std::fs::write(&path, TEXT).expect("a file");
    let corpus = Corpus::folder(dir.path()).expect("a corpus");
    let (library, seen) = capture_async(ingest_file(&corpus, &path)).await;
    let chunks = library.expect("a library").len();

    let names = seen.tree();
    let names: Vec<&str> = names
        .lines()
        .filter_map(|line| line.split_once(" ("))
        .map(|(name, _)| name)
        .collect();
    let tree = [
        "ingestion_pipeline",
        "  parsing",
        "  chunking",
        "  embedding",
        "  storage",
    ];
    assert_eq!(names, tree);

    let root = seen.record("ingestion_pipeline_complete");
    seen.span("ingestion_pipeline").assert_root();
    assert!(
        seen.records()
            .iter()
            .all(|record| record["trace_id"] == root["trace_id"])
    );
    for step in ["parsing", "chunking", "embedding", "storage"] {
        let record = seen
            .span(step)
            .assert_under("ingestion_pipeline")
            .assert_success()
            .record();
        assert!(record["metrics"]["duration_ms"].is_f64());
    }

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
    let (origin_record, root) = (
        seen.record("parsing_failed"),
        seen.record("ingestion_pipeline_failed"),
    );
    seen.span("parsing").assert_under("ingestion_pipeline");
    assert_eq!(
        (&origin_record["level"], &root["level"]),
        (&json!("ERROR"), &json!("INFO"))
    );
    assert_eq!(root["context"]["error_span_id"], origin_record["span_id"]);
    let trace = origin_record["stack_trace"].as_str().unwrap_or_default();
    assert!(
        trace.contains("ingestion_pipeline (examples/src/pipeline.rs:"),
        "{trace}"
    );
}
