//! Telemetry works together with the layers, the loggers and the signal handlers of other libraries.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::programs::{STARTUP, run, succeed};

fn records(stdout: &str) -> Vec<Value> {
    let parsed = stdout.lines().map(serde_json::from_str);
    parsed.collect::<Result<_, _>>().expect(stdout)
}

fn pairs(stdout: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let records = records(stdout);
    let pairs = records
        .iter()
        .map(|record| (text(&record["logger"]), text(&record["message"])));
    pairs.collect()
}

fn own<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs
        .map(|(logger, message)| (logger.to_owned(), message.to_owned()))
        .to_vec()
}

#[test]
fn a_filter_on_another_layer_hides_no_records() {
    let output = run(STARTUP, &["composed-env-filter"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let expected = [
        ("rag.api", "adding"),
        ("rag.api", "add_complete"),
        ("startup", "both hear this"),
    ];
    assert_eq!(pairs(&stdout), own(expected));
    let fmt = String::from_utf8(output.stderr).unwrap();
    assert!(
        fmt.contains("both hear this") && !fmt.contains("adding"),
        "{fmt}"
    );
}

#[test]
fn opentelemetry_sees_our_spans_as_ordinary_ones() {
    let output = run(STARTUP, &["composed-opentelemetry"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(pairs(&stdout).len(), 2, "{stdout}");
    let spans = String::from_utf8(output.stderr).unwrap();
    assert!(
        spans.starts_with("add [") && spans.contains("sum"),
        "{spans}"
    );
}

#[test]
fn sentry_gets_our_spans_as_a_transaction_and_events_as_errors() {
    let output = run(STARTUP, &["composed-sentry"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let expected = [
        ("rag.api", "adding"),
        ("rag.api", "add_complete"),
        ("rag.data", "the index is gone"),
        ("rag.data", "lose_complete"),
    ];
    assert_eq!(pairs(&stdout), own(expected));
    assert_eq!(records(&stdout)[2]["level"], "CRITICAL");
    let sentry = String::from_utf8(output.stderr).unwrap();
    let expected = "error Some(\"the index is gone\")\nSome(\"lose\") [Some(\"startup::add\")]\n";
    assert_eq!(sentry, expected);
}

#[test]
fn records_of_the_log_crate_arrive_with_target_level_and_context() {
    let stdout = succeed(STARTUP, &["log"]);
    let expected = [
        ("rag.data", "asking 3 rows"),
        ("startup::driver", "slow\nquery"),
        ("rag.data", "query_complete"),
    ];
    assert_eq!(pairs(&stdout), own(expected));
    let records = records(&stdout);
    assert_eq!(records[1]["level"], "WARNING");
    assert!(records[0]["trace_id"].is_string());
    assert_eq!(records[0]["span_id"], records[2]["span_id"]);
    assert_eq!(records[0]["context"], serde_json::json!({}));
}

#[test]
fn an_installed_logger_is_kept() {
    let output = run(STARTUP, &["logger-taken"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("other: asking 3 rows"), "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(pairs(&stdout), own([("rag.data", "query_complete")]));
}

#[test]
fn a_telemetry_in_a_static_works_from_the_first_use() {
    let stdout = succeed(STARTUP, &["static"]);
    assert_eq!(
        pairs(&stdout).len(),
        2,
        "only what came after the start: {stdout}"
    );
}

#[test]
fn a_debug_build_that_starts_nothing_gets_one_hint() {
    let output = run(STARTUP, &["not-started"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        stderr.lines().count(),
        usize::from(cfg!(debug_assertions)),
        "{stderr}"
    );
    assert!(
        stderr.starts_with("ragspan: `add` was called before `ragspan::start`"),
        "{stderr}"
    );
    let mut off = Command::new(STARTUP);
    let output = off
        .arg("not-started")
        .env("RAGSPAN_HINT", "off")
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_signal_shuts_the_service_down_gracefully() {
    for signal in ["-TERM", "-INT"] {
        let mut child = Command::new(STARTUP)
            .arg("terminated")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stderr.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        assert_eq!(ready, "ready\n");
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{signal}: {}", output.status);
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert_eq!(pairs(&stdout).len(), 2, "{signal}: {stdout}");
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    for (signal, status) in [("-TERM", 143), ("-INT", 130)] {
        let mut child = Command::new(STARTUP)
            .arg("terminated-twice")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let id = child.id().to_string();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for expected in ["ready", "hanging"] {
            assert_eq!(lines.next().unwrap().unwrap(), expected);
            let sent = Command::new("kill").args([signal, &id]).status();
            assert!(sent.unwrap().success());
        }
        assert_eq!(child.wait().unwrap().code(), Some(status), "{signal}");
    }
}

#[test]
fn an_exit_through_the_telemetry_delivers_the_records() {
    let output = run(STARTUP, &["exit"]);
    assert_eq!(output.status.code(), Some(3));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(pairs(&stdout).len(), 2, "{stdout}");
}

#[test]
fn an_error_out_of_main_prints_its_lines() {
    let output = run(STARTUP, &["error"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.lines().count() >= 2, "{stderr}");
    assert!(stderr.contains("unknown key `a`"), "{stderr}");
    assert!(!stderr.contains("Invalid("), "{stderr}");
}
