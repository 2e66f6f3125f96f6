//! A shutdown delivers what was emitted before it, and nothing blocks: no late thread, no standard error, no fork.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::programs::{DELIVERY, RANDOM_ENDS, STARTUP, run, succeed};
use crate::records::Schema;

/// The bytes of a pipe that nobody reads.
const PIPE: usize = 64 * 1024;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Returns the messages of a file's records.
    fn messages(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        let schema = Schema::new();
        let records = text.lines().map(|line| schema.check(line));
        records
            .map(|record| record["message"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[test]
fn a_shutdown_delivers_all_that_was_emitted_before_it_though_others_still_emit() {
    for _ in 0..5 {
        let folder = Folder::new();
        let stdout = succeed(DELIVERY, &["late", &folder.path("a.jsonl")]);
        assert_eq!(stdout, "true\n", "the numbers add up");
        let text = std::fs::read_to_string(folder.path("a.jsonl")).unwrap();
        assert_eq!(text.matches("before_complete").count(), 4_000);
    }
}

#[test]
fn a_standard_error_that_nobody_reads_stops_only_the_messages() {
    let folder = Folder::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&[b' '; PIPE]).unwrap();
    let mut child = Command::new(DELIVERY);
    child.args(["blocked-stderr", &folder.path("a.jsonl"), "/dev/null/a.db"]);
    let output = child
        .stderr(writer)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    drop(reader);
    assert!(output.status.success(), "{}", output.status);
    let stdout = String::from_utf8(output.stdout).unwrap();
    let (health, report) = stdout.split_once('\n').unwrap();
    let health: Value = serde_json::from_str(health).unwrap();
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["sinks"][0]["delivered"], 2, "{health}");
    assert!(report.starts_with("file: delivered 2, left 0"), "{report}");
    let messages = folder.messages("a.jsonl");
    assert_eq!(messages, ["sink_failed", "before_complete"]);
}

#[test]
fn a_standard_error_that_another_program_made_non_blocking_loses_no_message() {
    let folder = Folder::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    writer.write_all(&[b' '; PIPE]).unwrap();
    let mut command = Command::new(DELIVERY);
    command.args(["blocked-stderr", &folder.path("a.jsonl"), "/dev/null/a.db"]);
    let child = command.stderr(writer).stdout(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    drop(command);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut String::new()).unwrap();
    let stderr = std::io::read_to_string(reader).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(stderr.matches("sqlite: cannot ").count(), 1, "{stderr}");
}

#[test]
fn a_forked_process_answers_at_once_and_can_start_anew() {
    let folder = Folder::new();
    let stdout = succeed(DELIVERY, &["forked", &folder.path("")]);
    let lines: Vec<&str> = stdout.lines().collect();
    let [flushed, forked, own, child, parent] = lines.try_into().unwrap();
    assert_eq!(flushed, "child flushed false");
    assert!(
        forked.contains("forked") && forked.contains("degraded"),
        "{forked}"
    );
    assert!(own.contains(r#""status":"ok""#), "{own}");
    assert_eq!(child, "child file: delivered 1, left 0, dropped 0");
    assert_eq!(parent, "parent file: delivered 2, left 0, dropped 0");
    assert_eq!(folder.messages("child.jsonl"), ["child_complete"]);
    assert_eq!(folder.messages("parent.jsonl"), ["before_complete"; 2]);
}

#[test]
fn the_blocking_forms_work_inside_of_a_runtime() {
    let folder = Folder::new();
    let stdout = succeed(DELIVERY, &["in-a-runtime", &folder.path("a.jsonl")]);
    assert_eq!(stdout, "true\ntrue\nfile: delivered 1, left 0, dropped 0\n");
}

#[test]
fn a_backend_gets_the_records_of_its_route_and_the_others_are_counted() {
    let folder = Folder::new();
    let output = run(DELIVERY, &["sampled", &folder.path("a.jsonl")]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "stdout 100 0 100 0\nfile 10 190 0 0\n");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout.matches(r#""logger":"rag.api""#).count(), 100);
    let mut messages = folder.messages("a.jsonl");
    messages.sort_unstable();
    let expected = [["answer_complete"; 5], ["search_failed"; 5]].concat();
    assert_eq!(messages, expected, "whole traces");
}

/// Ends a telemetry at random; nobody reads its standard output before it has ended.
fn random_end(seed: u64) {
    let folder = Folder::new();
    let arguments = [seed.to_string(), folder.path("")];
    let mut command = Command::new(RANDOM_ENDS);
    command.args(&arguments).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let errors = std::io::read_to_string(stderr).unwrap();
    assert!(child.wait().unwrap().success(), "seed {seed}: {errors}");
    let lines = |text: &str| text.lines().count();
    let report = std::fs::read_to_string(folder.path("report")).unwrap();
    let file = std::fs::read_to_string(folder.path("a.jsonl")).unwrap();
    assert!(!report.contains("false"), "seed {seed}: {report}");
    if let Some(delivered) = delivered(&report, "file") {
        assert!(lines(&file) >= delivered, "seed {seed}: {report}");
    }
    if let Some(delivered) = delivered(&report, "stdout") {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        assert!(lines(&text) >= delivered, "seed {seed}: {report}");
    }
}

/// Returns the number of records that the report gives for a sink.
fn delivered(report: &str, sink: &str) -> Option<usize> {
    let line = report.lines().find(|line| line.starts_with(sink))?;
    line.split(' ').nth(1)?.parse().ok()
}

/// `scripts/soak ends` sets the number of rounds.
#[test]
fn random_ends_return_with_balanced_numbers_and_all_that_was_delivered() {
    let number = |name, default| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (rounds, first) = (number("RAGSPAN_END_ROUNDS", 40), number("RAGSPAN_SEED", 1));
    (first..first + rounds).for_each(random_end);
}

#[test]
fn a_signal_ends_the_process_if_the_future_was_dropped() {
    for (signal, status) in [("-TERM", 143), ("-INT", 130)] {
        let mut child = Command::new(STARTUP)
            .arg("terminated-dropped")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = std::io::BufReader::new(child.stdout.take().unwrap());
        let ready = std::io::BufRead::lines(stdout).next().unwrap();
        assert_eq!(ready.unwrap(), "ready");
        let id = child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(status), "{signal}");
    }
}
