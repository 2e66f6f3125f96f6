//! Records for the tests: two requests of a small RAG service, one that fails and one that is fine.

use ragspan_store::StoredRecord;
use serde_json::{Value, json};

const DAY: i64 = 1_795_427_000_000_000;

/// A span's record; `ids` are the span's and its parent's, times are in microseconds.
pub(crate) fn span(
    ids: (u32, u32),
    what: (&str, &str, &str),
    times: (i64, u32),
    metrics: &Value,
) -> StoredRecord {
    let (layer, operation, end) = what;
    let (start, duration) = times;
    StoredRecord {
        timestamp: "2026-11-23T09:41:07.000000Z".into(),
        level: "INFO".into(),
        logger: format!("rag.{layer}"),
        message: format!("{operation}_{end}"),
        trace_id: Some(id(1)),
        span_id: Some(id(ids.0)),
        parent_span_id: (ids.1 > 0).then(|| id(ids.1)),
        request_id: Some("req-01a2073ad001-b04c9e".into()),
        user_id: Some("ada".into()),
        tenant_id: Some("acme".into()),
        context: json!({"operation": operation, "status": status(end)}).to_string(),
        metrics: metrics.to_string(),
        duration_ms: Some(f64::from(duration) / 1000.0),
        kind: "span".into(),
        start_us: Some(DAY + start),
        timestamp_us: DAY + start + i64::from(duration),
        seq: u64::from(ids.0),
        ..StoredRecord::default()
    }
}

fn status(end: &str) -> &'static str {
    match end {
        "failed" => "error",
        "empty" => "empty",
        "cancelled" => "cancelled",
        "panicked" => "panic",
        _ => "success",
    }
}

fn id(number: u32) -> String {
    format!("01a2073a-d001-7000-8000-{number:06}b04c9e")
}

/// Something that was said in span `number`.
pub(crate) fn event(number: u32, level: &str, message: &str, after: i64) -> StoredRecord {
    StoredRecord {
        timestamp: "2026-11-23T09:41:07.000001Z".into(),
        level: level.into(),
        logger: "bm25::index".into(),
        message: message.into(),
        trace_id: Some(id(1)),
        span_id: Some(id(number)),
        kind: "event".into(),
        timestamp_us: DAY + after,
        ..StoredRecord::default()
    }
}

/// The retrieval comes back empty, and the answer fails because of it.
pub(crate) fn failed() -> Vec<StoredRecord> {
    let mut answer = span(
        (1, 0),
        ("api", "answer", "failed"),
        (0, 37_000),
        &json!({"duration_ms": 37.0}),
    );
    answer.level = "ERROR".into();
    answer.error = Some(
        json!({
            "type": "no_context",
            "message": "no context found (retrieval came back empty)",
            "chain": ["nothing scored over 0.35"],
        })
        .to_string(),
    );
    answer.stack_trace = Some("answer (examples/src/answer.rs:48)".into());
    let search = span(
        (2, 1),
        ("retrieval", "hybrid_search", "empty"),
        (1_000, 34_000),
        &json!({}),
    );
    let event = event(2, "WARNING", "0 of 1,204 chunks over 0.35", 33_000);
    vec![answer, search, event]
}

/// A request with every stage.
pub(crate) fn fine() -> Vec<StoredRecord> {
    let spans = [
        (
            (1, 0),
            ("api", "answer"),
            (0, 412_000),
            json!({"llm_calls": 1, "total_tokens": 2310, "cost_usd": 0.0011}),
        ),
        ((2, 1), ("memory", "recall_history"), (0, 3_000), json!({})),
        (
            (3, 1),
            ("retrieval", "hybrid_search"),
            (3_000, 58_000),
            json!({"chunks": 15, "best_score": 0.81}),
        ),
        ((4, 3), ("retrieval", "bm25"), (4_000, 21_000), json!({})),
        ((5, 3), ("retrieval", "vectors"), (5_000, 44_000), json!({})),
        (
            (6, 1),
            ("generation", "generate"),
            (62_000, 298_000),
            json!({"time_to_first_item_ms": 90, "input_tokens": 1400, "cached_input_tokens": 600, "output_tokens": 310,
                "total_tokens": 2310, "cost_usd": 0.0011}),
        ),
        (
            (7, 1),
            ("evaluation", "evaluate"),
            (361_000, 47_000),
            json!({"faithfulness": 0.94}),
        ),
    ];
    spans
        .iter()
        .map(|(ids, (layer, operation), times, metrics)| {
            span(*ids, (layer, operation, "complete"), *times, metrics)
        })
        .collect()
}
