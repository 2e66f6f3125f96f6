//! Telemetry starts in programs with other subscribers, loggers and recorders, or reports why it cannot.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::programs::{STARTUP, run, succeed};

fn messages(stdout: &str) -> Vec<String> {
    let records = stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    records
        .filter_map(|record| record["message"].as_str().map(str::to_owned))
        .collect()
}

#[test]
fn a_second_start_is_rejected_and_the_first_keeps_running() {
    let stdout = succeed(STARTUP, &["twice"]);
    assert!(
        stdout.contains("second: ragspan was started before"),
        "{stdout}"
    );
    assert_eq!(messages(&stdout), ["adding", "add_complete"]);
}

#[test]
fn a_start_beside_a_foreign_subscriber_prints_how_to_compose() {
    let stdout = succeed(STARTUP, &["foreign-subscriber"]);
    assert!(stdout.contains(".with(ragspan::layer())"), "{stdout}");
    for other in [
        "fmt",
        "EnvFilter",
        "tracing_opentelemetry",
        "sentry_tracing",
    ] {
        assert!(stdout.contains(other), "{other}: {stdout}");
    }
    assert!(stdout.ends_with("3\n"), "{stdout}");
}

#[test]
fn a_subscriber_with_the_rag_layer_is_used() {
    let output = run(STARTUP, &["composed"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(messages(&stdout), ["adding", "add_complete"]);
    let fmt = String::from_utf8(output.stderr).unwrap();
    assert!(fmt.contains(r#""name":"add""#), "{fmt}");
}

#[test]
fn a_filter_that_hides_scopes_is_reported() {
    let stdout = succeed(STARTUP, &["filtered-scopes"]);
    assert!(stdout.contains("a filter hides the scopes"), "{stdout}");
}

#[test]
fn metrics_are_served_beside_a_foreign_recorder() {
    let stdout = succeed(STARTUP, &["foreign-recorder"]);
    assert!(
        stdout.contains("another metrics recorder is installed"),
        "{stdout}"
    );
    assert!(
        stdout.contains(r#"rag_requests_total{layer="api",status="success"} 1"#),
        "{stdout}"
    );
    assert!(!stdout.contains("my_additions_total"), "{stdout}");
}

fn get(address: &str, path: &str, accept: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_listener_serves_both_formats_and_metrics_of_the_user() {
    let mut child = Command::new(STARTUP)
        .arg("listener")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut address)
        .unwrap();
    let address = address.trim();
    let plain = get(address, "/metrics", "*/*");
    for line in [
        "HTTP/1.1 200 OK",
        "text/plain; version=0.0.4",
        r#"rag_request_latency_ms_count{operation="add",layer="api"} 1"#,
        "my_additions_total 1",
        "rag_claims_total 3",
    ] {
        assert!(plain.contains(line), "{line} in {plain}");
    }
    let open = get(
        address,
        "/metrics",
        "application/openmetrics-text; version=1.0.0",
    );
    assert!(
        open.contains("application/openmetrics-text") && open.ends_with("# EOF\n"),
        "{open}"
    );
    assert!(
        open.contains(" # {trace_id=\""),
        "an exemplar leads from a number to its trace: {open}"
    );
    let health = get(address, "/health", "*/*");
    assert!(
        health.starts_with("HTTP/1.1 200 OK") && health.contains("application/json"),
        "{health}"
    );
    assert!(health.contains(r#""status":"ok""#), "{health}");
    assert!(get(address, "/other", "*/*").contains("404 Not Found"));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_next_free_port_is_used() {
    let stdout = succeed(STARTUP, &["port-taken"]);
    assert!(
        stdout.contains("metrics are on 127.0.0.1:") && stdout.contains("is taken"),
        "{stdout}"
    );
    assert_eq!(messages(&stdout).len(), 2);
}

#[test]
fn a_database_that_cannot_be_opened_is_reported_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file-not-folder");
    std::fs::write(&path, "").unwrap();
    let stdout = succeed(
        STARTUP,
        &["unwritable", path.join("x.db").to_str().unwrap()],
    );
    assert!(stdout.contains("sqlite: cannot "), "{stdout}");
    assert!(stdout.contains("\n3\n"), "{stdout}");
    assert!(
        stdout.contains("sqlite: delivered 0, left 3, dropped 0"),
        "{stdout}"
    );
    assert!(
        stdout.contains("stdout: delivered 3, left 0, dropped 0"),
        "{stdout}"
    );
}

#[test]
fn logs_of_internal_clients_are_never_recorded() {
    let stdout = succeed(STARTUP, &["noise"]);
    let records: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let foreign: Vec<_> = records
        .iter()
        .filter(|record| record["logger"] != "rag.api")
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert_eq!(records.len(), 3);
}

#[test]
fn an_annotated_function_runs_without_a_start() {
    assert_eq!(succeed(STARTUP, &["not-started"]), "3\n");
}

#[test]
fn inside_a_runtime_flush_and_shutdown_are_awaited() {
    let stdout = succeed(STARTUP, &["async"]);
    assert_eq!(messages(&stdout), ["adding", "add_complete"]);
}
