//! The short examples record what their comments promise. `testing.rs` is a test itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod run;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::run::{holds, run};

#[test]
fn annotate_records_calls_and_not_the_question() {
    let seen = run(env!("CARGO_BIN_EXE_annotate"), &[]);
    let levels =
        "INFO search_complete, INFO answer_complete, WARNING search_empty, INFO answer_complete";
    assert_eq!(seen.levels(), levels);
    let search = seen.record("search_complete");
    holds(search, &json!({"top_k": 2, "chunks": 2}));
    assert_eq!(search["parent_span_id"], seen.records[1]["span_id"]);
    assert!(!format!("{:?}", seen.records).contains("football"));
    assert!(
        seen.stderr.contains("sqlite: delivered 4"),
        "{}",
        seen.stderr
    );
}

#[test]
fn context_is_on_every_record_of_the_request_and_on_no_other() {
    let seen = run(env!("CARGO_BIN_EXE_context"), &[]);
    let (outside, inside) = seen.records.split_last().unwrap();
    assert_eq!((&outside["user_id"], inside.len()), (&Value::Null, 4));
    let root = seen.record("answer_complete");
    for record in inside {
        assert_eq!(record["trace_id"], root["trace_id"]);
        assert_eq!(
            (&record["user_id"], &record["tenant_id"]),
            (&json!("ada"), &json!("acme"))
        );
        holds(record, &json!({"api_key": "[redacted]"}));
    }
    holds(root, &json!({"cohort": "beta"}));
    assert!(root["context"].get("plan").is_none());
}

#[test]
fn streaming_records_the_first_token_the_usage_and_the_cost() {
    let seen = run(env!("CARGO_BIN_EXE_streaming"), &[]);
    let generated = seen.record("generate_complete");
    let cost = (200.0 * 0.15 + 1000.0 * 0.075 + 6.0 * 0.60) / 1e6;
    holds(
        generated,
        &json!({"input_tokens": 200, "cached_input_tokens": 1000, "output_tokens": 6}),
    );
    holds(generated, &json!({"cost_usd": cost, "items": 3}));
    assert!(
        generated["metrics"]["time_to_first_item_ms"].is_f64(),
        "{generated}"
    );
    holds(
        seen.record("answer_complete"),
        &json!({"total_tokens": 1206}),
    );
    holds(
        seen.record("generate_cancelled"),
        &json!({"usage_estimated": true}),
    );
}

#[test]
fn errors_are_logged_once_where_they_began() {
    let seen = run(env!("CARGO_BIN_EXE_errors"), &[]);
    let levels = "ERROR search_failed, INFO answer_failed, WARNING search_failed, INFO answer_failed, \
                  WARNING search_empty, ERROR answer_failed";
    assert_eq!(seen.levels(), levels);
    let types: Vec<_> = seen
        .records
        .iter()
        .map(|it| it["error"]["type"].as_str())
        .collect();
    let [timeout, limit, none] = [Some("timeout"), Some("rate_limit"), Some("no_context")];
    assert_eq!(types, [timeout, timeout, limit, limit, None, none]);
    holds(&seen.records[0], &json!({"after_ms": 5_000}));
    holds(
        &seen.records[1],
        &json!({"error_span_id": seen.records[0]["span_id"]}),
    );
    holds(&seen.records[2], &json!({"action": "queued_for_retry"}));
}

/// The service, which is killed if the test fails before it ends by itself.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[cfg(unix)]
#[test]
fn service_continues_the_caller_s_trace_and_returns_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = start(folder.path());
    let mut records = BufReader::new(service.0.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&records.next().unwrap().unwrap()).unwrap() };
    let started = next();
    let address = started["context"]["address"].as_str().unwrap();

    let found = get(address, "/answer?spans");
    assert!(
        found.starts_with("HTTP/1.1 200") && found.contains("spans are calls\ntrace "),
        "{found}"
    );
    let [search, answer] = [next(), next()];
    assert_eq!(
        (&answer["message"], &answer["user_id"]),
        (&json!("answer_complete"), &json!("ada"))
    );
    assert_eq!(search["parent_span_id"], answer["span_id"]);
    assert!(found.contains(answer["trace_id"].as_str().unwrap()));
    assert!(get(address, "/health").ends_with("ok"));
    assert!(get(address, "/answer?football").starts_with("HTTP/1.1 404"));

    let id = service.0.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert!(service.0.wait().unwrap().success());
}

fn start(folder: &Path) -> Service {
    let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
    command
        .current_dir(folder)
        .env("PORT", "0")
        .stdout(Stdio::piped());
    Service(command.spawn().unwrap())
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: localhost\r\nx-user: ada\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}
