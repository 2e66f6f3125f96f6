//! The `ragspan` command as a person or a script meets it: output, errors and exit codes, on a
//! database that the test writes.

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
        host: "here",
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
        ..row(3, "said \u{1b}]0;evil\u{7} things")
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

struct Place {
    folder: TempDir,
    db: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = folder.path().join("ragspan.db");
    Place { folder, db }
}

fn filled() -> Place {
    let place = place();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut writer = Writer::open(&place.db).await.expect("it opens");
        writer.insert(&rows()).await.expect("it inserts");
        writer.close().await.expect("it closes");
    });
    place
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragspan"));
    command
        .current_dir(folder)
        .env_remove("RAGSPAN_DB")
        .env_remove("RAGSPAN_CONFIG")
        .env_remove("CLICOLOR_FORCE");
    command
}

/// Runs the command in the database's own folder, where `ragspan.db` is the default.
fn ask(place: &Place, args: &[&str]) -> Output {
    command(place.folder.path())
        .args(args)
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[track_caller]
fn found(place: &Place, args: &[&str]) -> String {
    let output = ask(place, args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        !output.stdout.contains(&0x1b),
        "an escape sequence came through"
    );
    text(&output.stdout)
}

#[track_caller]
fn refused(place: &Place, args: &[&str], code: i32) -> String {
    let output = ask(place, args);
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stdout));
    assert_eq!(text(&output.stdout), "");
    text(&output.stderr)
}

#[test]
fn trace_shows_where_it_broke() {
    let place = filled();
    for id in [TRACE, "01a2073ad001-b04c9e", "req-7", "01a2073a-d"] {
        let shown = found(&place, &["trace", id]);
        assert!(
            shown.starts_with("01a2073ad001-b04c9e  answer  ✗ failed after 5.0 ms"),
            "{shown}"
        );
        assert!(shown.contains("user ada · tenant acme · req-7"), "{shown}");
        assert!(shown.contains("└ hybrid_search"), "{shown}");
        assert!(
            shown.contains("born in answer: no_context: nothing\\u{1b}[2J found"),
            "{shown}"
        );
        assert!(
            shown.contains("behind it, hybrid_search came back empty"),
            "{shown}"
        );
        assert!(!shown.contains("things"), "{shown}");
    }
    assert!(found(&place, &["trace", "last", "--events"]).contains("01a2073ac418-7f31d2"));
    assert!(found(&place, &["trace", "req-7", "--events"]).contains("]0;evil\\u{7} things"));
}

#[test]
fn trace_json_is_one_object_with_whole_records() {
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

#[test]
fn logs_narrow_by_every_option() {
    let place = filled();
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
        let lines = found(&place, &args).lines().count();
        assert_eq!(lines, count + 1, "{args:?}: the titles and the records");
        let json: Vec<_> = args.iter().copied().chain(["--json"]).collect();
        let shown = found(&place, &json);
        assert_eq!(shown.lines().count(), count, "{args:?}");
        for line in shown.lines() {
            serde_json::from_str::<Value>(line).expect("each line is JSON");
        }
    }
}

#[test]
fn errors_find_who_was_hurt() {
    let place = filled();
    let shown = found(&place, &["errors", "--user", "ada"]);
    let row = shown.lines().nth(1).expect("a failure");
    for part in ["01a2073ad001-b04c9e", "answer", "no_context", "nothing"] {
        assert!(row.contains(part), "{part}: {row}");
    }
    let shown = found(&place, &["errors", "--json", "--limit", "5"]);
    let value: Value = serde_json::from_str(&shown).expect("one record");
    assert_eq!(value["error"]["type"], "no_context");
}

#[test]
fn nothing_found_is_one_and_says_so() {
    let place = filled();
    assert!(refused(&place, &["errors", "--user", "bob"], 1).contains("nothing found"));
    assert!(refused(&place, &["logs", "--user", "eve", "--json"], 1).contains("nothing found"));
    assert!(refused(&place, &["trace", "req-9"], 1).contains("`req-9`"));
    assert!(refused(&place, &["trace", "\u{1b}[2J"], 1).contains("\\u{1b}[2J"));
}

#[test]
fn what_cannot_be_answered_is_two_and_names_the_cure() {
    let place = filled();
    for (args, cure) in [
        (
            vec!["--db", "no.db", "trace", "last"],
            "no database at no.db",
        ),
        (vec!["--db", ".", "logs"], "cannot open ."),
        (vec!["trace", "01a2073a"], OTHER),
        (vec!["logs", "--level", "loud"], "use trace, debug"),
        (vec!["logs", "--since", "then"], "24h"),
        (vec!["logs", "--limit", "0"], "0 is not in"),
        (vec!["logs", "--where", "user=ada"], "context.<name>"),
        (vec!["logs", "--where", "context.top_k"], "compares nothing"),
        (vec!["slow", "--over", "2"], "500ms"),
        (vec!["stats", "--by", "host"], "operation"),
        (vec!["--db", "ragspan.db", "demo"], "ragspan.db exists"),
        (vec!["trase"], "trace"),
        (vec![], "Usage"),
    ] {
        let said = refused(&place, &args, 2);
        assert!(said.contains(cure), "{args:?}: {said}");
    }
    assert!(
        !place.folder.path().join("no.db").exists(),
        "asking never creates"
    );
    std::fs::write(&place.db, "").expect("an empty file");
    assert!(refused(&place, &["logs"], 2).contains("no table `logs`"));
}

#[test]
fn the_database_is_named_by_option_else_by_environment() {
    let place = filled();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let run = |configure: fn(&mut Command, &Path)| {
        let mut command = command(elsewhere.path());
        command.args(["trace", "last"]);
        configure(&mut command, &place.db);
        command.output().expect("it runs").status.code()
    };
    assert_eq!(run(|_, _| ()), Some(2));
    assert_eq!(
        run(|command, db| _ = command.env("RAGSPAN_DB", db)),
        Some(0)
    );
    assert_eq!(run(|command, db| _ = command.arg("--db").arg(db)), Some(0));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = filled();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = command(place.folder.path());
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
fn logs_narrow_by_time_text_and_fields() {
    let place = filled();
    for (args, count) in [
        (vec!["--until", "2026-11-23"], 0),
        (vec!["--utc", "--since", "2026-11-23T09:43:20Z"], 4),
        (vec!["--text", "HYBRID"], 1),
        (vec!["--text", "no_context"], 1),
        (vec!["--where", "context.operation=answer"], 1),
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
        let output = ask(&place, &args);
        assert_eq!(text(&output.stdout).lines().count(), count, "{args:?}");
        assert_eq!(
            output.status.code(),
            Some(i32::from(count == 0)),
            "{args:?}"
        );
    }
}

#[test]
fn times_are_shown_in_the_zone_of_whoever_asks() {
    let place = filled();
    let ask = |zone: &str, args: &[&str]| {
        let mut command = command(place.folder.path());
        let output = command
            .env("TZ", zone)
            .args(args)
            .output()
            .expect("it runs");
        text(&output.stdout)
    };
    let local = ask("JST-9", &["errors"]);
    assert!(
        local.starts_with("local") && local.contains("18:43:20"),
        "{local}"
    );
    let utc = ask("JST-9", &["errors", "--utc"]);
    assert!(utc.starts_with("UTC") && utc.contains("09:43:20"), "{utc}");
    let since = ask(
        "JST-9",
        &[
            "logs",
            "--since",
            "2026-11-23 18:43:20",
            "--until",
            "2026-11-23 18:43:21",
        ],
    );
    assert_eq!(since.lines().count(), 5, "{since}");
}

#[test]
fn a_place_has_a_name() {
    let place = filled();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let run = |name: &str| {
        let mut command = command(elsewhere.path());
        command
            .env("RAGSPAN_AT_EU_PROD", &place.db)
            .args(["trace", "last", "--at", name]);
        command.output().expect("it runs")
    };
    assert_eq!(run("eu-prod").status.code(), Some(0));
    let unknown = run("prod");
    assert_eq!(unknown.status.code(), Some(2));
    let said = text(&unknown.stderr);
    assert!(
        said.contains("RAGSPAN_AT_PROD") && said.contains("eu-prod"),
        "{said}"
    );
}

#[test]
fn doctor_fails_with_one_and_names_the_cure() {
    let place = place();
    let output = ask(&place, &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stdout);
    assert!(
        said.starts_with("fail  database") && said.contains("ragspan demo"),
        "{said}"
    );
    assert_eq!(ask(&filled(), &["doctor"]).status.code(), Some(0));
}

#[test]
fn a_shell_gets_its_completions_and_a_manual() {
    let place = place();
    for shell in ["bash", "zsh", "fish"] {
        let script = found(&place, &["completions", shell]);
        for word in ["ragspan", "follow", "doctor"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let page = found(&place, &["man"]);
    assert!(
        page.contains(".TH ragspan 1") && page.contains("Exit codes"),
        "{page}"
    );
    let page = found(&place, &["man", "logs"]);
    assert!(
        page.contains(".TH ragspan-logs 1") && page.contains("follow"),
        "{page}"
    );
    assert!(refused(&place, &["man", "lops"], 2).contains("no command `lops`"));
    assert!(refused(&place, &["completions", "tcsh"], 2).contains("bash"));
}
