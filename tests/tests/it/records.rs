//! Every record has its eighteen keys, in order, and validates against the published schema.

use ragspan::rag_span;
use ragspan::testing::capture;
use serde_json::{Value, json};

/// Validates records against `ragspan schema`.
pub(crate) struct Schema(jsonschema::Validator);

impl Schema {
    pub(crate) fn new() -> Self {
        let schema: Value = serde_json::from_str(ragspan::SCHEMA).unwrap();
        Self(
            jsonschema::options()
                .should_validate_formats(true)
                .build(&schema)
                .unwrap(),
        )
    }

    #[track_caller]
    pub(crate) fn check(&self, line: &str) -> Value {
        let record: Value = serde_json::from_str(line).unwrap();
        let problems: Vec<_> = self
            .0
            .iter_errors(&record)
            .map(|error| error.to_string())
            .collect();
        assert!(problems.is_empty(), "{problems:?} in {line}");
        let mut rest = line;
        for key in KEYS {
            let at = rest
                .find(&format!("\"{key}\":"))
                .unwrap_or_else(|| panic!("{key} in {line}"));
            rest = rest.split_at(at).1;
        }
        record
    }

    fn refuses(&self, record: &Value) -> bool {
        !self.0.is_valid(record)
    }
}

const KEYS: [&str; 18] = [
    "timestamp",
    "level",
    "logger",
    "message",
    "trace_id",
    "span_id",
    "parent_span_id",
    "request_id",
    "user_id",
    "session_id",
    "tenant_id",
    "context",
    "metrics",
    "error",
    "stack_trace",
    "environment",
    "version",
    "host",
];

/// Returns the example of part 2.1 of the design document.
fn documented() -> Value {
    json!({
        "timestamp": "2025-12-03T22:45:30.123Z", "level": "INFO", "logger": "rag.ingestion",
        "message": "File upload completed successfully",
        "trace_id": "550e8400-e29b-41d4-a716-446655440000",
        "span_id": "f4dfc083-2e28-41da-9527-e3f0dc47cf45",
        "parent_span_id": "06f0ec30-d8f7-4d56-b2b8-f6e55b5f6f5f",
        "request_id": "req-2025-12-03-001", "user_id": "user-123", "session_id": "session-456",
        "tenant_id": "tenant-789",
        "context": {"action": "file_upload", "file_size_bytes": 3_145_728, "status": "success"},
        "metrics": {"duration_ms": 1250, "chunks_created": 42, "cost_usd": 0.012},
        "error": null, "stack_trace": null,
        "environment": "production", "version": "1.0.0", "host": "rag-server-01"
    })
}

#[test]
fn the_schema_accepts_the_documented_example_and_rejects_invalid_records() {
    let schema = Schema::new();
    assert!(!schema.refuses(&documented()));
    let broken = [
        ("level", json!("WARN")),
        ("timestamp", json!("yesterday")),
        ("trace_id", json!("")),
        ("metrics", json!({"duration_ms": "long"})),
        ("error", json!("text")),
        ("context", Value::Null),
        ("nineteenth", json!(1)),
    ];
    for (key, value) in broken {
        let mut record = documented();
        record[key] = value;
        assert!(schema.refuses(&record), "{key}");
    }
    let mut short = documented();
    short.as_object_mut().unwrap().remove("host");
    assert!(schema.refuses(&short));
}

#[rag_span(layer = custom("rerank"), context(text, ratio), metrics(score, missing), ok(|n| n = *n))]
fn rerank(
    text: &str,
    ratio: f64,
    score: f64,
    missing: Option<u8>,
) -> Result<usize, Box<dyn std::error::Error>> {
    tracing::error!(?ratio, status = "user's own", "{text}");
    Ok(text.parse::<usize>()?)
}

#[test]
fn records_of_hostile_values_validate() {
    let schema = Schema::new();
    for text in [
        "12",
        "\u{1b}[2J\r\n\u{202e}\u{0}",
        "\"}{",
        "é漢🙂",
        &"long ".repeat(100_000),
    ] {
        for ratio in [0.5, f64::NAN, f64::INFINITY, -0.0, f64::MIN_POSITIVE] {
            let (_, seen) = capture(|| rerank(text, ratio, ratio, None));
            assert_eq!(seen.lines().len(), 3);
            for line in seen.lines() {
                let record = schema.check(line);
                assert!(line.len() <= 256 * 1024 && line.ends_with('\n'));
                assert_eq!(line.matches('\n').count(), 1);
                assert!(
                    record["metrics"]
                        .as_object()
                        .unwrap()
                        .get("missing")
                        .is_none()
                );
            }
        }
    }
}
