//! Runs the `ragspan` command on a database that the test writes: output, errors and exit codes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ragspan_store::{NewRow, RowKind, Writer};
use serde_json::Value;
use tempfile::TempDir;

const TRACE: &str = "01a2073a-d001-7000-8000-000001b04c9e";
const OTHER: &str = "01a2073a-c418-7abc-8def-0123457f31d2";
const BOOT: [u8; 16] = [3; 16];
const START: i64 = 1_795_427_000_000_000;

fn row(seq: u64, operation: &'static str) -> NewRow<'static> {
    NewRow {
        boot_id: &BOOT,
        seq,
        kind: RowKind::Span,
        start_us: Some(START),
        timestamp_us: START + 5_000 + seq.cast_signed(),
        duration_us: Some(5_000),
        timestamp: "2026-11-23T09:43:20.005000Z",
        level: "INFO",
        logger: "rag.api",
        message: operation,
        trace_id: Some(TRACE),
        span_id: Some(TRACE),
        parent_span_id: None,
        request_id: Some("req-7"),
        user_id: Some("ada"),
        session_id: None,
        tenant_id: Some("acme"),
        context: "{}",
        metrics: r#"{"duration_ms":5.000}"#,
        error: None,
        stack_trace: None,
        environment: "test",
        version: "1.0.0",
        host: "host-1",
        typed: None,
    }
}

fn rows() -> Vec<NewRow<'static>> {
    let failed = NewRow {
        level: "ERROR",
        error: Some(r#"{"type":"no_context","message":"nothing\u001b[2J found","chain":[]}"#),
        context: r#"{"operation":"answer","status":"error"}"#,
        ..row(1, "answer_failed")
    };
    let empty = NewRow {
        level: "WARNING",
        logger: "rag.retrieval",
        span_id: Some("01a2073a-d001-7000-8000-000000000002"),
        parent_span_id: Some(TRACE),
        ..row(2, "hybrid_search_empty")
    };
    let event = NewRow {
        kind: RowKind::Event,
        start_us: None,
        duration_us: None,
        metrics: "{}",
        level: "DEBUG",
        logger: "bm25",
        ..row(3, "an \u{1b}]0;evil\u{7} event")
    };
    let other = NewRow {
        trace_id: Some(OTHER),
        span_id: Some(OTHER),
        user_id: Some("bob"),
        request_id: Some("req-8"),
        ..row(4, "answer_complete")
    };
    vec![failed, empty, event, other]
}

struct Fixture {
    folder: TempDir,
    db: PathBuf,
}

fn empty() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = folder.path().join("ragspan.db");
    Fixture { folder, db }
}

fn filled() -> Fixture {
    let fixture = empty();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut writer = Writer::open(&fixture.db).await.expect("it opens");
        writer.insert(&rows()).await.expect("it inserts");
        writer.close().await.expect("it closes");
    });
    fixture
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragspan"));
    command
        .current_dir(folder)
        .env_remove("RAGSPAN_DB")
        .env_remove("RAGSPAN_CONFIG")
        .env_remove("COLUMNS")
        .env_remove("CLICOLOR_FORCE");
    command
}

/// Runs the command in the database's own folder, where `ragspan.db` is the default.
fn run(fixture: &Fixture, args: &[&str]) -> Output {
    command(fixture.folder.path())
        .args(args)
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[track_caller]
fn found(fixture: &Fixture, args: &[&str]) -> String {
    let output = run(fixture, args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        !output.stdout.contains(&0x1b),
        "an escape sequence came through"
    );
    text(&output.stdout)
}

#[track_caller]
fn rejected(fixture: &Fixture, args: &[&str], code: i32) -> String {
    let output = run(fixture, args);
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

#[test]
fn trace_shows_where_the_request_failed() {
    let fixture = filled();
    for id in [TRACE, "01a2073ad001-b04c9e", "req-7", "01a2073a-d"] {
        let shown = found(&fixture, &["trace", id]);
        assert!(
            shown.starts_with("01a2073ad001-b04c9e  answer  ✗ failed after 5.0 ms"),
            "{shown}"
        );
        assert!(shown.contains("user ada · tenant acme · req-7"), "{shown}");
        assert!(shown.contains("└ hybrid_search"), "{shown}");
        assert!(
            shown.contains("failed in answer: no_context: nothing\\u{1b}[2J found"),
            "{shown}"
        );
        assert!(
            shown.contains("earlier, hybrid_search returned an empty result"),
            "{shown}"
        );
        assert!(!shown.contains("event"), "{shown}");
    }
    assert!(found(&fixture, &["trace", "last", "--events"]).contains("01a2073ac418-7f31d2"));
    assert!(found(&fixture, &["trace", "req-7", "--events"]).contains("]0;evil\\u{7} event"));
}

#[test]
fn trace_json_is_one_object_with_complete_records() {
    let shown = found(&filled(), &["trace", "req-7", "--json"]);
    let value: Value = serde_json::from_str(&shown).expect("it is JSON");
    assert_eq!(value["trace_id"], TRACE);
    let records = value["records"].as_array().expect("an array");
    assert_eq!(records.len(), 3);
    assert!(
        records
            .iter()
            .all(|record| record.as_object().is_some_and(|map| map.len() == 18))
    );
}

/// Returns the number of titles and rows, without the line that names the columns that are not shown.
fn table_lines(shown: &str) -> usize {
    let lines = shown.lines();
    lines.filter(|line| !line.starts_with("not shown")).count()
}

#[test]
fn every_option_filters_logs() {
    let fixture = filled();
    for (args, count) in [
        (vec![], 4),
        (vec!["--level", "warn"], 2),
        (vec!["--user", "bob"], 1),
        (vec!["--request", "req-7"], 3),
        (vec!["--trace", "01a2073ad001-b04c9e"], 3),
        (vec!["--layer", "retrieval"], 1),
        (vec!["--since", "2026-11-23"], 4),
        (vec!["--limit", "2"], 2),
        (vec!["--level", "info", "--user", "ada", "--limit", "1"], 1),
    ] {
        let args: Vec<_> = ["logs"].into_iter().chain(args).collect();
        let lines = table_lines(&found(&fixture, &args));
        assert_eq!(lines, count + 1, "{args:?}: the titles and the records");
        let json: Vec<_> = args.iter().copied().chain(["--json"]).collect();
        let shown = found(&fixture, &json);
        assert_eq!(shown.lines().count(), count, "{args:?}");
        for line in shown.lines() {
            serde_json::from_str::<Value>(line).expect("each line is JSON");
        }
    }
}

#[test]
fn errors_are_listed_for_one_user() {
    let fixture = filled();
    let shown = found(&fixture, &["errors", "--user", "ada"]);
    let row = shown.lines().nth(1).expect("a failure");
    for part in ["01a2073ad001-b04c9e", "answer", "no_context", "nothing"] {
        assert!(row.contains(part), "{part}: {row}");
    }
    let shown = found(&fixture, &["errors", "--json", "--limit", "5"]);
    let value: Value = serde_json::from_str(&shown).expect("one record");
    assert_eq!(value["error"]["type"], "no_context");
}

#[test]
fn failures_calls_and_sums_are_filtered_by_any_field() {
    let fixture = filled();
    for (command, matching, calls) in [
        (&["errors"][..], "tenant_id=acme", "01a2073ad001-b04c9e"),
        (&["errors"], "error_type=no_context", "01a2073ad001-b04c9e"),
        (&["slow"], "user_id=bob", "01a2073ac418-7f31d2"),
        (&["stats", "--since", "2026-01-01"], "user_id=bob", "api"),
    ] {
        let with = |condition| [command, &["--where", condition]].concat();
        let shown = found(&fixture, &with(matching));
        assert_eq!(table_lines(&shown), 2, "{command:?}: {shown}");
        assert!(shown.contains(calls), "{command:?}: {shown}");
        assert!(rejected(&fixture, &with("tenant_id=globex"), 1).contains("nothing found"));
    }
}

#[test]
fn nothing_found_is_reported_with_exit_code_1() {
    let fixture = filled();
    assert!(rejected(&fixture, &["errors", "--user", "bob"], 1).contains("nothing found"));
    assert!(rejected(&fixture, &["logs", "--user", "eve", "--json"], 1).contains("nothing found"));
    assert!(rejected(&fixture, &["trace", "req-9"], 1).contains("`req-9`"));
    assert!(rejected(&fixture, &["trace", "\u{1b}[2J"], 1).contains("\\u{1b}[2J"));
}

#[test]
fn an_error_is_reported_with_exit_code_2_and_a_fix() {
    let fixture = filled();
    for (args, fix) in [
        (
            vec!["--db", "no.db", "trace", "last"],
            "no database at no.db",
        ),
        (vec!["--db", ".", "logs"], "cannot open ."),
        (vec!["trace", "01a2073a"], OTHER),
        (vec!["logs", "--level", "loud"], "use trace, debug"),
        (vec!["logs", "--since", "then"], "24h"),
        (vec!["logs", "--limit", "0"], "0 is not in"),
        (vec!["logs", "--where", "a b=ada"], "context.<name>"),
        (
            vec!["logs", "--since", "1h", "--until", "2h"],
            "give an earlier --since",
        ),
        (
            vec!["errors", "--since", "now", "--until", "2h"],
            "give an earlier --since",
        ),
        (
            vec!["slow", "--since", "1h", "--until", "1h"],
            "give an earlier --since",
        ),
        (vec!["stats", "--until", "2d"], "give an earlier --since"),
        (vec!["logs", "--where", "context.top_k"], "has no operator"),
        (vec!["slow", "--over", "2"], "500ms"),
        (vec!["stats", "--by", "host"], "operation"),
        (vec!["--db", "ragspan.db", "demo"], "ragspan.db exists"),
        (vec!["trase"], "trace"),
        (vec![], "Usage"),
    ] {
        let stderr = rejected(&fixture, &args, 2);
        assert!(stderr.contains(fix), "{args:?}: {stderr}");
    }
    assert!(
        !fixture.folder.path().join("no.db").exists(),
        "a query does not create a database"
    );
    std::fs::write(&fixture.db, "").expect("an empty file");
    assert!(rejected(&fixture, &["logs"], 2).contains("no table `logs`"));
}

#[test]
fn a_failed_open_is_one_message_with_one_cause() {
    let fixture = filled();
    std::fs::write(&fixture.db, "not a database").expect("a text");
    for args in [&["logs"][..], &["why"], &["logs", "--follow"], &["stats"]] {
        let stderr = rejected(&fixture, args, 2);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert_eq!(
            stderr.matches("file is not a database").count(),
            1,
            "{stderr}"
        );
        assert_eq!(stderr.matches("cannot open").count(), 1, "{stderr}");
    }
    let stderr = rejected(&fixture, &["--db", ".", "logs"], 2);
    assert!(stderr.contains("is a directory"), "{stderr}");
}

/// Runs the command with the variable `COLUMNS`, with its output in a pipe.
fn in_columns(fixture: &Fixture, columns: &str, args: &[&str]) -> String {
    let mut command = command(fixture.folder.path());
    let output = command.env("COLUMNS", columns).args(args).output();
    text(&output.expect("it runs").stdout)
}

#[test]
fn the_width_of_a_pipe_is_that_of_columns() {
    let fixture = filled();
    let stats = ["stats", "--since", "2026-01-01"];
    for columns in ["50", "60", "80", "200"] {
        let shown = in_columns(&fixture, columns, &stats);
        let width: usize = columns.parse().expect("a number");
        let widest = shown.lines().map(|line| line.chars().count()).max();
        assert!(
            widest.is_some_and(|widest| widest <= width),
            "{columns}: {shown}"
        );
        for title in ["errors", "cost"] {
            assert!(
                shown
                    .lines()
                    .next()
                    .is_some_and(|line| line.contains(title)),
                "{shown}"
            );
        }
        let is_whole = shown.contains("p99") && !shown.contains("not shown");
        assert_eq!(is_whole, columns == "200", "{shown}");
        assert!(shown.contains("p99"), "{shown}");
    }
    for ignored in ["", "0", "wide"] {
        assert_eq!(
            in_columns(&fixture, ignored, &stats),
            found(&fixture, &stats)
        );
    }
    let help = in_columns(&fixture, "60", &["stats", "--help"]);
    assert!(
        help.lines().all(|line| line.chars().count() <= 60),
        "{help}"
    );
}

#[test]
fn logs_show_user_status_and_duration_before_a_trace() {
    let fixture = filled();
    let shown = found(&fixture, &["logs"]);
    let titles: Vec<_> = shown
        .lines()
        .next()
        .expect("titles")
        .split_whitespace()
        .collect();
    assert_eq!(
        titles.get(1..5),
        Some(&["level", "user", "status", "took"][..]),
        "{shown}"
    );
    assert!(shown.contains("ERROR    ada   error    5.0 ms"), "{shown}");
    let wide = in_columns(&fixture, "160", &["logs"]);
    assert!(wide.contains("01a2073ad001-b04c9e"), "{wide}");
}

#[test]
fn the_database_is_named_by_an_option_or_else_by_the_environment() {
    let fixture = filled();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let exit_code = |configure: fn(&mut Command, &Path)| {
        let mut command = command(elsewhere.path());
        command.args(["trace", "last"]);
        configure(&mut command, &fixture.db);
        command.output().expect("it runs").status.code()
    };
    assert_eq!(exit_code(|_, _| ()), Some(2));
    assert_eq!(
        exit_code(|command, db| _ = command.env("RAGSPAN_DB", db)),
        Some(0)
    );
    assert_eq!(
        exit_code(|command, db| _ = command.arg("--db").arg(db)),
        Some(0)
    );
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let fixture = filled();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = command(fixture.folder.path());
    let output = command
        .arg("logs")
        .stdout(writer)
        .output()
        .expect("it runs");
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
}

#[test]
fn logs_are_filtered_by_time_text_and_fields() {
    let fixture = filled();
    for (args, count) in [
        (vec!["--until", "2026-11-23"], 0),
        (vec!["--utc", "--since", "2026-11-23T09:43:20Z"], 4),
        (vec!["--text", "HYBRID"], 1),
        (vec!["--text", "no_context"], 1),
        (vec!["--where", "context.operation=answer"], 1),
        (vec!["--where", "tenant_id=acme"], 4),
        (vec!["--where", "user!=ada"], 1),
        (vec!["--since", "00:00", "--text", "hybrid"], 0),
        (vec!["--where", "metrics.duration_ms>=5"], 3),
        (vec!["--where", "metrics.duration_ms>5"], 0),
        (
            vec![
                "--where",
                "context.status=error",
                "--where",
                "context.operation=search",
            ],
            0,
        ),
    ] {
        let args: Vec<_> = ["logs", "--json"].into_iter().chain(args).collect();
        let output = run(&fixture, &args);
        assert_eq!(text(&output.stdout).lines().count(), count, "{args:?}");
        assert_eq!(
            output.status.code(),
            Some(i32::from(count == 0)),
            "{args:?}"
        );
    }
}

#[test]
fn times_are_shown_in_the_zone_of_the_user() {
    let fixture = filled();
    let run_in_zone = |zone: &str, args: &[&str]| {
        let mut command = command(fixture.folder.path());
        let output = command
            .env("TZ", zone)
            .args(args)
            .output()
            .expect("it runs");
        text(&output.stdout)
    };
    let local = run_in_zone("JST-9", &["errors"]);
    assert!(
        local.starts_with("local") && local.contains("18:43:20"),
        "{local}"
    );
    let utc = run_in_zone("JST-9", &["errors", "--utc"]);
    assert!(utc.starts_with("UTC") && utc.contains("09:43:20"), "{utc}");
    let since = run_in_zone(
        "JST-9",
        &[
            "logs",
            "--since",
            "2026-11-23 18:43:20",
            "--until",
            "2026-11-23 18:43:21",
        ],
    );
    assert_eq!(table_lines(&since), 5, "{since}");
}

#[test]
fn a_profile_names_a_database() {
    let fixture = filled();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let run_at = |name: &str| {
        let mut command = command(elsewhere.path());
        command
            .env("RAGSPAN_AT_EU_PROD", &fixture.db)
            .args(["trace", "last", "--at", name]);
        command.output().expect("it runs")
    };
    assert_eq!(run_at("eu-prod").status.code(), Some(0));
    let unknown = run_at("prod");
    assert_eq!(unknown.status.code(), Some(2));
    let shown = text(&unknown.stderr);
    assert!(
        shown.contains("RAGSPAN_AT_PROD") && shown.contains("eu-prod"),
        "{shown}"
    );
}

#[test]
fn doctor_fails_with_exit_code_1_and_names_a_fix() {
    let fixture = empty();
    let output = run(&fixture, &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(
        shown.starts_with("fail  database") && shown.contains("ragspan demo"),
        "{shown}"
    );
    assert_eq!(run(&filled(), &["doctor"]).status.code(), Some(0));
}

#[test]
fn completions_and_manual_pages_are_printed() {
    let fixture = empty();
    for shell in ["bash", "zsh", "fish"] {
        let script = found(&fixture, &["completions", shell]);
        for name in ["ragspan", "follow", "doctor"] {
            assert!(script.contains(name), "{shell}: {name}");
        }
    }
    let page = found(&fixture, &["man"]);
    assert!(
        page.contains(".TH ragspan 1") && page.contains("Exit codes"),
        "{page}"
    );
    let page = found(&fixture, &["man", "logs"]);
    assert!(
        page.contains(".TH ragspan-logs 1") && page.contains("follow"),
        "{page}"
    );
    assert!(rejected(&fixture, &["man", "lops"], 2).contains("no command `lops`"));
    assert!(rejected(&fixture, &["completions", "tcsh"], 2).contains("bash"));
}
