//! A call runs on every thread: where `tracing` has no place for one more thread, and while a thread ends.

use std::process::Output;

use serde_json::Value;

use crate::programs::{THREADS, run};

/// Runs the program, which must succeed without a panic; returns its records and what it printed.
#[track_caller]
fn outcome(arguments: &[&str]) -> (Vec<Value>, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = run(THREADS, arguments);
    let stderr = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{arguments:?}: {status}\n{stderr}");
    assert!(!stderr.contains("panicked"), "{arguments:?}: {stderr}");
    let stdout = String::from_utf8(stdout).unwrap();
    let records = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (records.collect(), stderr)
}

fn count(records: &[Value], message: &str) -> usize {
    records
        .iter()
        .filter(|record| record["message"] == message)
        .count()
}

#[test]
fn ten_thousand_live_threads_each_run_their_call() {
    let (records, printed) = outcome(&["many", "10000"]);
    assert!(printed.contains("returned 10000\n"), "{printed}");
    let line = r#"rag_requests_total{layer="data",status="success"} 10001"#;
    assert!(printed.contains(line), "{printed}");
    let active = r#"rag_active_queries{layer="data"} 0"#;
    assert!(printed.contains(active), "{printed}");
    // The calls without a span are roots of their own traces, and are recorded all the same.
    assert_eq!(count(&records, "one_complete"), 10_001);
    let [one, parent] = records.last_chunk().unwrap();
    assert_eq!(parent["message"], "parent_complete");
    assert_eq!(one["parent_span_id"], parent["span_id"]);
}

#[test]
fn a_thread_that_ends_runs_its_calls() {
    for layers in ["alone", "composed"] {
        for before in ["nothing", "event", "span", "call", "poll"] {
            let (records, printed) = outcome(&["late", before, layers]);
            let what = format!("{before}, {layers}: {printed}");
            for which in ["before", "after"] {
                assert!(printed.contains(&format!("dropped {which}")), "{what}");
                let calls = records.iter().filter(|record| {
                    record["message"] == "call_failed" && record["context"]["which"] == which
                });
                assert_eq!(calls.count(), 3, "{what}");
            }
            // An event that other layers would panic on is left out.
            let events = if layers == "alone" { 2 } else { 1 };
            for (message, expected) in [
                ("late event", events),
                ("late and critical", events),
                ("block_complete", 2),
                ("future_cancelled", 4 + usize::from(before == "poll")),
                ("retrying", 6 + usize::from(before == "call")),
            ] {
                assert_eq!(count(&records, message), expected, "{message}: {what}");
            }
        }
    }
}
