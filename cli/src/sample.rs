//! Records for the tests: requests of a small RAG service that fail and succeed.

use ragspan_store::StoredRecord;
use serde_json::{Value, json};

const DAY: i64 = 1_795_427_000_000_000;

/// Returns the record of a span. `ids` are those of the span and its parent, times are in microseconds.
pub(crate) fn span(
    ids: (u32, u32),
    names: (&str, &str, &str),
    times: (i64, u32),
    metrics: &Value,
) -> StoredRecord {
    let (layer, operation, end) = names;
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

/// Returns an event of span `number`.
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

/// A request whose retrieval returns an empty result, and which fails for that reason.
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
    answer.stack_trace = Some("answer (examples/quickstart/answer.rs:48)".into());
    let search = span(
        (2, 1),
        ("retrieval", "hybrid_search", "empty"),
        (1_000, 34_000),
        &json!({}),
    );
    let event = event(2, "WARNING", "0 of 1,204 chunks over 0.35", 33_000);
    vec![answer, search, event]
}

/// A request in which a deep call failed and was handled, and a later call failed and ended the request.
pub(crate) fn handled_then_failed() -> Vec<StoredRecord> {
    let with_error = |error_type: &str, message: &str, record: StoredRecord| StoredRecord {
        level: "ERROR".into(),
        error: Some(json!({"type": error_type, "message": message, "chain": []}).to_string()),
        ..record
    };
    let call =
        |ids, layer, operation, end, times| span(ids, (layer, operation, end), times, &json!({}));
    let limited = |record| with_error("rate_limited", "retry after 2 s", record);
    let mut answer = limited(call((1, 0), "api", "answer", "failed", (0, 90_000)));
    answer.context =
        json!({"operation": "answer", "status": "error", "error_span_id": id(5)}).to_string();
    let fetch = call((4, 3), "data", "fetch_page", "failed", (3_000, 9_000));
    vec![
        answer,
        call(
            (2, 1),
            "retrieval",
            "hybrid_search",
            "complete",
            (1_000, 30_000),
        ),
        call(
            (3, 2),
            "retrieval",
            "load_pages",
            "complete",
            (2_000, 20_000),
        ),
        with_error("timeout", "the page did not answer", fetch),
        limited(call(
            (5, 1),
            "generation",
            "generate",
            "failed",
            (40_000, 49_000),
        )),
    ]
}

/// A successful request with every stage.
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
