//! The published schema accepts valid records, rejects others, and is printed by the command.

use jsonschema::Validator;
use ragspan_store::StoredRecord;
use serde_json::{Value, json};

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(ragspan::SCHEMA).expect("the schema is JSON");
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("the schema is a schema")
}

/// The example of the design document: milliseconds, version 4 ids.
fn example() -> Value {
    json!({
        "timestamp": "2025-12-03T22:45:30.123Z",
        "level": "INFO",
        "logger": "rag.ingestion",
        "message": "File upload completed successfully",
        "trace_id": "550e8400-e29b-41d4-a716-446655440000",
        "span_id": "f4dfc083-2e28-41da-9527-e3f0dc47cf45",
        "parent_span_id": "06f0ec30-d8f7-4d56-b2b8-f6e55b5f6f5f",
        "request_id": "req-2025-12-03-001",
        "user_id": "user-123",
        "session_id": "session-456",
        "tenant_id": "tenant-789",
        "context": {
            "action": "file_upload",
            "file_name": "report.pdf",
            "file_size_bytes": 3_145_728,
            "file_format": "pdf",
            "status": "success"
        },
        "metrics": { "duration_ms": 1250, "chunks_created": 42, "cost_usd": 0.012 },
        "error": null,
        "stack_trace": null,
        "environment": "production",
        "version": "1.0.0",
        "host": "rag-server-01"
    })
}

fn with(key: &str, value: &Value) -> Value {
    let mut record = example();
    record[key] = value.clone();
    record
}

#[test]
fn the_example_of_the_design_document_is_accepted() {
    assert!(validator().is_valid(&example()));
}

#[test]
fn a_record_as_ragspan_writes_it_is_accepted() {
    let validator = validator();
    for (key, value) in [
        ("timestamp", json!("2026-11-23T09:41:07.123456Z")),
        ("level", json!("CRITICAL")),
        ("trace_id", json!(null)),
        (
            "parent_span_id",
            json!("00000000-0000-0000-8def-0123457f31d2"),
        ),
        (
            "error",
            json!({"type": "t", "message": "m", "chain": ["a", "b"]}),
        ),
        (
            "context",
            json!({"fields": {"operation": "x"}, "list": [1, null]}),
        ),
        ("metrics", json!({})),
        ("stack_trace", json!("answer (src/a.rs:1)")),
    ] {
        let record = with(key, &value);
        assert!(validator.is_valid(&record), "{key}: {value}");
    }
}

#[test]
fn other_records_are_rejected() {
    let validator = validator();
    for (key, value) in [
        ("timestamp", json!("2026-11-23T09:41:07Z")),
        ("timestamp", json!("2026-11-23T09:41:07.123+01:00")),
        ("timestamp", json!("2026-02-30T09:41:07.123Z")),
        ("timestamp", json!("2026-11-23 09:41:07.123Z")),
        ("level", json!("WARN")),
        ("logger", json!(null)),
        ("trace_id", json!("550E8400-E29B-41D4-A716-446655440000")),
        ("span_id", json!("550e8400e29b41d4a716446655440000")),
        ("user_id", json!(7)),
        ("context", json!(null)),
        ("context", json!([])),
        ("metrics", json!({"duration_ms": "5"})),
        ("metrics", json!({"duration_ms": null})),
        ("error", json!("boom")),
        ("error", json!({"type": "t", "message": "m"})),
        (
            "error",
            json!({"type": "t", "message": "m", "chain": [], "code": 5}),
        ),
        ("extra", json!(1)),
    ] {
        let record = with(key, &value);
        assert!(!validator.is_valid(&record), "{key}: {value}");
    }
}

#[test]
fn all_eighteen_keys_are_required() {
    let validator = validator();
    let keys: Vec<_> = example()
        .as_object()
        .expect("an object")
        .keys()
        .cloned()
        .collect();
    assert_eq!(keys.len(), 18);
    for key in keys {
        let mut record = example();
        record.as_object_mut().expect("an object").remove(&key);
        assert!(!validator.is_valid(&record), "{key}");
    }
}

#[test]
fn records_of_the_store_are_valid_even_if_their_columns_are_not() {
    let stored = StoredRecord {
        timestamp: "2026-11-23T09:41:07.123456Z".into(),
        level: "INFO".into(),
        context: "broken".into(),
        metrics: "broken".into(),
        error: Some("broken".into()),
        ..StoredRecord::default()
    };
    let record: Value = serde_json::from_str(&stored.to_json_line()).expect("it is JSON");
    assert!(validator().is_valid(&record), "{record}");
}

#[test]
fn the_command_prints_the_schema() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ragspan"))
        .arg("schema")
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(0));
    let printed: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(
        printed,
        serde_json::from_str::<Value>(ragspan::SCHEMA).expect("it is JSON")
    );
}
