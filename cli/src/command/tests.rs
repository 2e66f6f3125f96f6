//! Every command on a demonstration database: its text at two widths, and its JSON against its schema.

use clap::Parser as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::snapshot::check;

const NOW: &str = "2026-11-23T09:46:40Z";

fn context(width: usize) -> RenderContext {
    RenderContext {
        style: Style {
            width,
            color: false,
        },
        now: NOW.parse::<Timestamp>().expect("a time"),
        zone: TimeZone::UTC,
    }
}

struct Demo {
    folder: TempDir,
}

impl Demo {
    fn new() -> Self {
        let demo = Self {
            folder: tempfile::tempdir().expect("a folder"),
        };
        demo.ask(80, &["demo", "--requests", "200"]);
        demo
    }

    fn db(&self) -> String {
        self.folder.path().join("demo.db").display().to_string()
    }

    #[track_caller]
    fn ask(&self, width: usize, args: &[&str]) -> String {
        let (answer, text) = self.answer(width, args);
        assert_eq!(answer, Answer::Found, "{args:?}: {text}");
        text
    }

    #[track_caller]
    fn answer(&self, width: usize, args: &[&str]) -> (Answer, String) {
        let db = self.db();
        let args = ["ragspan", "--db", &db]
            .into_iter()
            .chain(args.iter().copied());
        let cli = Cli::try_parse_from(args).expect("valid arguments");
        let mut out = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let answer = runtime
            .block_on(run_in(&cli, &mut out, &context(width)))
            .expect("an answer");
        (answer, String::from_utf8(out).expect("UTF-8"))
    }
}

/// Replaces the line numbers of the simulated service, which change with its source.
fn without_line_numbers(text: &str) -> String {
    let mut parts = text.split("service.rs:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let digits = part.chars().take_while(char::is_ascii_digit).count();
        let number = "0".repeat(digits);
        out + "service.rs:" + &number + part.get(digits..).unwrap_or_default()
    })
}

#[test]
fn every_text_output_matches_its_snapshot_at_two_widths() {
    let demo = Demo::new();
    for (name, args) in [
        (
            "demo_logs",
            vec!["logs", "--level", "warning", "--limit", "12"],
        ),
        (
            "demo_errors",
            vec!["errors", "--user", "ada", "--limit", "8"],
        ),
        ("demo_slow", vec!["slow", "--over", "2s", "--limit", "8"]),
        (
            "demo_slow_operations",
            vec!["slow", "--operations", "--limit", "6"],
        ),
        ("demo_stats_layer", vec!["stats"]),
        (
            "demo_stats_operation",
            vec!["stats", "--by", "operation", "--limit", "9"],
        ),
        ("demo_stats_user", vec!["stats", "--by", "user"]),
        ("demo_stats_error", vec!["stats", "--by", "error"]),
        ("demo_why_failed", vec!["why"]),
        ("demo_trace", vec!["trace", "last-error"]),
    ] {
        for width in [80, 140] {
            let text = demo.ask(width, &args);
            check(&format!("{name}_{width}"), &without_line_numbers(&text));
            let widest = text.lines().map(crate::text::columns).max().unwrap_or(0);
            assert!(widest <= width, "{name}: {widest} columns in {width}");
        }
    }
}

#[test]
fn demo_lists_commands_to_try() {
    for width in [80, 140] {
        let demo = Demo {
            folder: tempfile::tempdir().expect("a folder"),
        };
        let text = demo.ask(width, &["demo", "--requests", "200"]);
        check(
            &format!("demo_{width}"),
            &text.replace(&demo.db(), "demo.db"),
        );
    }
}

/// Explains one request for each way in which a request can end.
#[test]
fn why_explains_every_kind_of_request_on_one_screen() {
    let demo = Demo::new();
    let lines = demo.ask(80, &["slow", "--json", "--limit", "200"]);
    let mut seen = std::collections::BTreeMap::<String, u32>::new();
    for line in lines.lines() {
        let record: Value = serde_json::from_str(line).expect("JSON");
        let kind = record["error"]["type"].as_str().unwrap_or("fine");
        let name = format!("{}_{kind}", record["message"].as_str().expect("a message"));
        let times = seen.entry(name.clone()).or_default();
        *times += 1;
        if *times > 3 {
            continue;
        }
        let id = record["trace_id"].as_str().expect("an id");
        let text = demo.ask(80, &["why", id]);
        assert!(text.lines().count() <= 40, "one screen: {text}");
        if *times == 1 {
            check(&format!("demo_why_{name}"), &without_line_numbers(&text));
        }
    }
    for name in [
        "answer_panicked_panic",
        "answer_complete_fine",
        "answer_failed_no_context",
    ] {
        assert!(seen.contains_key(name), "{name}: {seen:?}");
    }
}

#[test]
fn doctor_lists_passed_and_failed_checks() {
    let demo = Demo::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "http://{}/metrics",
        closed.local_addr().expect("an address")
    );
    drop(closed);
    let (answer, text) = demo.answer(80, &["doctor", "--metrics", &url]);
    assert_eq!(answer, Answer::CheckFailed);
    let tables = format!("ok    tables     version {}", ragspan_store::SCHEMA_VERSION);
    for part in [
        "ok    database",
        tables.as_str(),
        "ok    newest     its newest record is",
        "ok    journal    journal mode wal",
        "ok    terminal   80 columns, no colours",
        "fail  metrics",
        "→ start the service",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

fn schema(document: Document) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(document.schema()).expect("the schema is JSON");
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("the schema is a schema")
}

#[track_caller]
fn conforms(document: Document, text: &str) {
    let value: Value = serde_json::from_str(text).expect("it is JSON");
    let errors: Vec<_> = schema(document)
        .iter_errors(&value)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{document:?}: {errors:?} in {text}");
}

#[test]
fn every_json_output_conforms_to_its_schema() {
    let demo = Demo::new();
    for list in [
        vec!["logs", "--limit", "5000"],
        vec!["errors"],
        vec!["slow", "--operations"],
    ] {
        let lines = demo.ask(80, &[&list[..], &["--json"]].concat());
        lines
            .lines()
            .for_each(|line| conforms(Document::Record, line));
    }
    for by in ["layer", "operation", "user", "error"] {
        conforms(
            Document::Stats,
            &demo.ask(80, &["stats", "--by", by, "--json"]),
        );
    }
    for id in ["last-error", "last"] {
        conforms(Document::Why, &demo.ask(80, &["why", id, "--json"]));
        conforms(Document::Trace, &demo.ask(80, &["trace", id, "--json"]));
    }
    conforms(Document::Doctor, &demo.answer(80, &["doctor", "--json"]).1);
    std::fs::remove_file(demo.db()).expect("it is removed");
    conforms(Document::Demo, &demo.ask(80, &["demo", "--json"]));
}

#[test]
fn a_schema_rejects_other_documents() {
    for document in [
        Document::Trace,
        Document::Why,
        Document::Stats,
        Document::Doctor,
        Document::Demo,
        Document::Config,
        Document::Prices,
    ] {
        assert!(
            !schema(document).is_valid(&serde_json::json!({})),
            "{document:?}"
        );
    }
}

#[test]
fn demo_does_not_overwrite_a_file() {
    let demo = Demo::new();
    let cli =
        Cli::try_parse_from(["ragspan", "--db", &demo.db(), "demo"]).expect("valid arguments");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let answer = runtime.block_on(run_in(&cli, &mut Vec::new(), &context(80)));
    assert!(matches!(answer, Err(Error::Demo(DemoError::Exists(_)))));
}

/// Failures of the demonstration are at the levels ERROR and WARNING.
#[test]
fn errors_and_stats_by_error_count_the_same_failures() {
    let demo = Demo::new();
    let listed = demo.ask(80, &["errors", "--limit", "100000", "--json"]);
    let levels: std::collections::BTreeSet<_> = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["level"].to_string())
        .collect();
    assert_eq!(levels.len(), 2, "{levels:?}");
    let stats = demo.ask(80, &["stats", "--by", "error", "--json"]);
    let stats: Value = serde_json::from_str(&stats).expect("JSON");
    let groups = stats["groups"].as_array().expect("groups");
    let calls = groups.iter().filter_map(|group| group["calls"].as_u64());
    assert_eq!(calls.sum::<u64>(), listed.lines().count() as u64);
}

#[test]
fn stats_count_every_call() {
    let demo = Demo::new();
    let stats: Value = serde_json::from_str(&demo.ask(80, &["stats", "--json"])).expect("JSON");
    let calls: u64 = stats["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .filter_map(|group| group["calls"].as_u64())
        .sum();
    let lines = demo.ask(80, &["slow", "--operations", "--limit", "100000", "--json"]);
    assert_eq!(calls, lines.lines().count() as u64);
}
