//! The programs of the design record what the tables above them promise.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod run;

use serde_json::{Value, json};

use crate::run::{Run, holds, run};

#[test]
fn the_pipeline_is_one_call_with_four_below_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("insects.md");
    let text = "# Bees\n\nBees fly from flower to flower.\n\n# Wasps\n";
    std::fs::write(&file, text).unwrap();
    let seen = run(env!("CARGO_BIN_EXE_pipeline"), &[file.to_str().unwrap()]);
    let root = seen.record("ingestion_pipeline_complete");
    assert_eq!(root["span_id"], root["trace_id"]);
    for step in ["parsing", "chunking", "embedding", "storage"] {
        let record = seen.record(&format!("{step}_complete"));
        assert_eq!(record["trace_id"], root["trace_id"]);
        assert_eq!(record["parent_span_id"], root["span_id"]);
        assert!(record["metrics"]["duration_ms"].is_f64());
    }
    holds(root, &json!({"chunks": 3}));
    holds(
        seen.record("parsing_complete"),
        &json!({"bytes": text.len()}),
    );
    let embedding = seen.record("embedding_complete");
    holds(
        embedding,
        &json!({"chunks": 3, "kind": "embedding", "words": 10}),
    );
    assert_eq!(seen.record("storage_complete")["logger"], "rag.data");
}

/// Returns the requests of a program: the records of each trace.
fn requests(seen: &Run) -> Vec<Run> {
    let of_one_trace = |one: &Value, next: &Value| one["trace_id"] == next["trace_id"];
    let request = |records: &[Value]| Run {
        records: records.to_vec(),
        stderr: String::new(),
    };
    seen.records.chunk_by(of_one_trace).map(request).collect()
}

#[test]
fn each_path_of_the_levels_leaves_its_records_at_its_levels() {
    let requests = requests(&run(env!("CARGO_BIN_EXE_levels"), &[]));
    let begin = "DEBUG generation_started, INFO token_budget_allocated, DEBUG openai_api_started";
    let ends = [
        "INFO openai_api_complete, INFO generation_complete",
        "INFO openai_api_complete, WARNING slow_generation",
        "WARNING openai_api_failed, INFO generation_failed",
        "ERROR openai_api_failed, WARNING fallback, DEBUG openai_api_started, INFO openai_api_complete, \
         INFO generation_complete",
        "CRITICAL openai_api_failed, INFO generation_failed",
    ];
    let levels: Vec<_> = requests.iter().map(Run::levels).collect();
    assert_eq!(levels, ends.map(|end| format!("{begin}, {end}")));
    for failed in [&requests[2], &requests[4]] {
        let origin = &failed.record("openai_api_failed")["span_id"];
        holds(
            failed.record("generation_failed"),
            &json!({"error_span_id": origin}),
        );
    }
}

#[test]
fn the_records_of_the_levels_have_their_fields() {
    let requests = requests(&run(env!("CARGO_BIN_EXE_levels"), &[]));
    let [answered, slow, limited, failed, down] = &requests[..] else {
        panic!("{} requests", requests.len());
    };
    let start = answered.record("generation_started");
    holds(start, &json!({"query_tokens": 4, "context_tokens": 5}));
    let budget = json!({
        "total_budget": 128_000, "allocated_query": 4, "allocated_context": 2000, "allocated_response": 1000
    });
    holds(answered.record("token_budget_allocated"), &budget);
    let done = json!({"total_tokens": 18, "cost_usd": 0.000_112_5, "status": "success"});
    holds(answered.record("generation_complete"), &done);
    let threshold = json!({"threshold_ms": 50.0, "model": "gpt-4o"});
    holds(slow.record("slow_generation"), &threshold);
    for (request, error_type, fields) in [
        (
            limited,
            "rate_limited",
            json!({"action": "queued_for_retry", "retry_after_seconds": 60}),
        ),
        (
            failed,
            "api_error",
            json!({"action": "fallback_to_mini", "error_code": "server_error"}),
        ),
        (down, "system_error", json!({"action": "shutdown"})),
    ] {
        let record = request.record("openai_api_failed");
        assert_eq!(record["error"]["type"], error_type);
        holds(record, &fields);
    }
    let models = json!({"from": "gpt-4o", "to": "gpt-4o-mini", "reason": "api_error"});
    holds(failed.record("fallback"), &models);
    let path = down.record("openai_api_failed")["stack_trace"].to_string();
    assert!(
        path.contains("generation (examples/design/levels.rs:"),
        "{path}"
    );
}

#[test]
fn every_event_of_a_bound_logger_and_every_record_in_its_scope_has_the_four_ids() {
    let seen = run(env!("CARGO_BIN_EXE_bound"), &[]);
    let ids = |record: &Value| {
        ["user_id", "request_id", "tenant_id", "session_id"].map(|key| record[key].clone())
    };
    let (first, second) = seen.records.split_at(6);
    for (records, expected) in [
        (first, ["user-123", "req-001", "acme"]),
        (second, ["guest-7", "req-002", "visitors"]),
    ] {
        assert!(records.iter().all(|record| ids(record) == ids(&records[0])));
        assert_eq!(ids(&records[0])[..3], expected);
    }
    assert_ne!(first[0]["session_id"], second[0]["session_id"]);
    holds(&first[0], &json!({"query": "what is X?"}));
    holds(seen.record("asking"), &json!({"model": "gpt-4o"}));
    let (retrieval, answer) = (
        seen.record("retrieval_complete"),
        seen.record("answer_complete"),
    );
    assert_eq!(retrieval["parent_span_id"], answer["span_id"]);
}

#[test]
fn a_query_is_one_trace_of_the_handler_and_its_stages_and_the_user_gets_its_id() {
    let seen = run(env!("CARGO_BIN_EXE_query"), &[]);
    let mut bodies = seen
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let [answered, failed]: [Value; 2] = [bodies.next().unwrap(), bodies.next().unwrap()];

    let root = seen.record("api_query_complete");
    holds(
        root,
        &json!({"quality": 1.0, "quality_tier": "good", "status": "success"}),
    );
    assert_eq!(answered["trace_id"], root["trace_id"]);
    assert_eq!(answered["quality"], 1.0);
    for stage in ["retrieve", "generate", "evaluate"] {
        let record = seen.record(&format!("{stage}_complete"));
        assert_eq!(record["parent_span_id"], root["span_id"]);
    }
    let cost = &seen.record("generate_complete")["metrics"]["cost_usd"];
    assert!(cost.as_f64() > Some(0.0));
    holds(root, &json!({"cost_usd": cost}));

    let root = seen.record("api_query_failed");
    assert_eq!(failed["trace_id"], root["trace_id"]);
    assert_eq!(root["error"]["type"], "no_context");
    assert!(seen.records.iter().all(|it| it["user_id"] == "ada"));
}
