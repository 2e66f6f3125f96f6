//! The programs of the design record what the tables above them promise.

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
        assert_eq!(
            (&record["parent_span_id"], &record["trace_id"]),
            (&root["span_id"], &root["trace_id"])
        );
        assert!(record["metrics"]["duration_ms"].is_f64());
    }
    holds(root, &[("chunks", json!(3))]);
    holds(
        seen.record("parsing_complete"),
        &[("bytes", json!(text.len()))],
    );
    let embedding = [
        ("chunks", json!(3)),
        ("kind", json!("embedding")),
        ("words", json!(10)),
    ];
    holds(seen.record("embedding_complete"), &embedding);
    assert_eq!(seen.record("storage_complete")["logger"], "rag.data");
}

/// Returns the five requests of the program, one for each behaviour of the model.
fn requests(seen: &Run) -> Vec<Run> {
    let of_one_trace = seen
        .records
        .chunk_by(|one, next| one["trace_id"] == next["trace_id"]);
    let request = |records: &[Value]| Run {
        records: records.to_vec(),
        stderr: String::new(),
    };
    of_one_trace.map(request).collect()
}

#[test]
fn each_path_of_the_levels_leaves_its_records_at_its_levels() {
    let seen = run(env!("CARGO_BIN_EXE_levels"), &[]);
    let requests = requests(&seen);
    let [answered, slow, limited, failed, down] = &requests[..] else {
        panic!("{} requests", requests.len());
    };
    let of_every_request = [
        "DEBUG generation_started",
        "INFO token_budget_allocated",
        "DEBUG openai_api_started",
    ];
    let ends: [(&Run, &[&str]); 5] = [
        (
            answered,
            &["INFO openai_api_complete", "INFO generation_complete"],
        ),
        (
            slow,
            &["INFO openai_api_complete", "WARNING slow_generation"],
        ),
        (
            limited,
            &["WARNING openai_api_failed", "INFO generation_failed"],
        ),
        (
            failed,
            &[
                "ERROR openai_api_failed",
                "WARNING fallback",
                "DEBUG openai_api_started",
                "INFO openai_api_complete",
                "INFO generation_complete",
            ],
        ),
        (
            down,
            &["CRITICAL openai_api_failed", "INFO generation_failed"],
        ),
    ];
    for (request, end) in ends {
        assert_eq!(request.levels(), [&of_every_request, end].concat());
    }
    for request in [limited, down] {
        let origin = request.record("openai_api_failed");
        holds(
            request.record("generation_failed"),
            &[("error_span_id", origin["span_id"].clone())],
        );
    }
}

#[test]
fn the_records_of_the_levels_have_their_fields() {
    let requests = requests(&run(env!("CARGO_BIN_EXE_levels"), &[]));
    let [answered, slow, limited, failed, down] = &requests[..] else {
        panic!("{} requests", requests.len());
    };
    let budget = [
        ("total_budget", json!(128_000)),
        ("allocated_query", json!(4)),
        ("allocated_context", json!(2000)),
        ("allocated_response", json!(1000)),
    ];
    holds(answered.record("token_budget_allocated"), &budget);
    holds(
        answered.record("generation_started"),
        &[("query_tokens", json!(4)), ("context_tokens", json!(5))],
    );
    let done = [
        ("total_tokens", json!(18)),
        ("cost_usd", json!(0.000_112_5)),
        ("status", json!("success")),
    ];
    holds(answered.record("generation_complete"), &done);
    holds(
        slow.record("slow_generation"),
        &[("threshold_ms", json!(50.0)), ("model", json!("gpt-4o"))],
    );

    let failures = [
        (
            limited,
            "rate_limited",
            vec![
                ("action", json!("queued_for_retry")),
                ("retry_after_seconds", json!(60)),
            ],
        ),
        (
            failed,
            "api_error",
            vec![
                ("action", json!("fallback_to_mini")),
                ("error_code", json!("server_error")),
            ],
        ),
        (down, "system_error", vec![("action", json!("shutdown"))]),
    ];
    for (request, error_type, fields) in failures {
        let record = request.record("openai_api_failed");
        assert_eq!(record["error"]["type"], error_type);
        holds(record, &fields);
    }
    let models = [
        ("from", json!("gpt-4o")),
        ("to", json!("gpt-4o-mini")),
        ("reason", json!("api_error")),
    ];
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
    let (first, second) = seen.records.split_at(6);
    for (records, ids) in [
        (first, ["user-123", "req-001", "acme"]),
        (second, ["guest-7", "req-002", "visitors"]),
    ] {
        for record in records {
            assert_eq!(
                ["user_id", "request_id", "tenant_id"].map(|key| record[key].as_str()),
                ids.map(Some)
            );
            assert_eq!(record["session_id"], records[0]["session_id"]);
        }
    }
    assert_ne!(first[0]["session_id"], second[0]["session_id"]);
    holds(&first[0], &[("query", json!("what is X?"))]);
    holds(seen.record("asking"), &[("model", json!("gpt-4o"))]);
    assert_eq!(
        seen.record("retrieval_complete")["parent_span_id"],
        seen.record("answer_complete")["span_id"]
    );
}

#[test]
fn a_query_is_one_trace_of_the_handler_and_its_stages_and_the_user_gets_its_id() {
    let seen = run(env!("CARGO_BIN_EXE_query"), &[]);
    let mut bodies = seen
        .stderr
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap_or_default());
    let (answered, failed) = (bodies.next().unwrap(), bodies.next().unwrap());

    let root = seen.record("api_query_complete");
    assert_eq!(
        (&answered["trace_id"], &answered["quality"]),
        (&root["trace_id"], &json!(1.0))
    );
    holds(
        root,
        &[
            ("quality", json!(1.0)),
            ("quality_tier", json!("good")),
            ("status", json!("success")),
        ],
    );
    for (stage, layer) in [
        ("retrieve", "retrieval"),
        ("generate", "generation"),
        ("evaluate", "evaluation"),
    ] {
        let record = seen.record(&format!("{stage}_complete"));
        assert_eq!(
            (&record["parent_span_id"], &record["logger"]),
            (&root["span_id"], &json!(format!("rag.{layer}")))
        );
    }
    let generated = &seen.record("generate_complete")["metrics"];
    assert!(generated["cost_usd"].as_f64() > Some(0.0));
    assert_eq!(generated["cost_usd"], root["metrics"]["cost_usd"]);

    let root = seen.record("api_query_failed");
    assert_eq!(
        (&failed["trace_id"], &root["error"]["type"]),
        (&root["trace_id"], &json!("no_context"))
    );
    assert!(seen.records.iter().all(|it| it["user_id"] == "ada"));
}
