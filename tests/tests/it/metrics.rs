//! The tool of Prometheus accepts the exposition.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::programs::{STARTUP, succeed};

/// Metrics whose names the tool criticises. The names are kept, because dashboards use them.
const KNOWN_REMARKS: [&str; 2] = ["rag_request_latency_ms", "rag_token_usage"];

#[test]
fn promtool_accepts_the_exposition_except_for_documented_names() {
    let exposition = succeed(STARTUP, &["metrics"]);
    assert!(
        exposition.contains("rag_token_usage_sum{model=\"small\",kind=\"input\"} 812"),
        "{exposition}"
    );
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("promtool is missing: apt-get install prometheus, or run scripts/test, which does");
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(exposition.as_bytes())
        .unwrap();
    let output = promtool.wait_with_output().unwrap();
    let remarks = String::from_utf8(output.stderr).unwrap();
    // Exit code 0: valid; 3: remarks only; others: the exposition could not be parsed.
    assert!(
        matches!(output.status.code(), Some(0 | 3)),
        "{}: {remarks}",
        output.status
    );
    for remark in remarks.lines() {
        assert!(
            KNOWN_REMARKS.iter().any(|name| remark.starts_with(name)),
            "{remark}"
        );
    }
}
