//! Runs `ragspan trace` on a large trace, and writes its page.

use std::path::PathBuf;
use std::process::{Command, Output};

use ragspan_store::{NewRow, RowKind, Writer};
use tempfile::TempDir;

const BOOT: [u8; 16] = [3; 16];
const START: i64 = 1_795_427_000_000_000;
const SPANS: u64 = 5_000;

fn id(number: u64) -> String {
    format!("01a2073a-d001-7000-8000-{number:06}b04c9e")
}

struct Fixture {
    folder: TempDir,
    db: PathBuf,
}

/// Writes a trace of five thousand spans: a root with 4,999 children, of which each thousandth failed.
fn filled() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = folder.path().join("ragspan.db");
    let ids: Vec<_> = (1..=SPANS).map(id).collect();
    let rows: Vec<_> = ids
        .iter()
        .zip(1..)
        .map(|(span, seq)| row(span, seq, &ids[0]))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut writer = Writer::open(&db).await.expect("it opens");
        for rows in rows.chunks(500) {
            writer.insert(rows).await.expect("it inserts");
        }
        writer.close().await.expect("it closes");
    });
    Fixture { folder, db }
}

fn row<'r>(span: &'r str, seq: u64, root: &'r str) -> NewRow<'r> {
    let (operation, duration_us) = if seq == 1 {
        ("answer", 9_000_000)
    } else {
        ("load", 4_000)
    };
    let failed = seq.is_multiple_of(1_000);
    let start = START + seq.cast_signed() * 1_000;
    NewRow {
        boot_id: &BOOT,
        seq,
        kind: RowKind::Span,
        start_us: Some(start),
        timestamp_us: start + duration_us,
        duration_us: Some(duration_us.cast_unsigned()),
        timestamp: "2026-11-23T09:43:20.005000Z",
        level: if failed { "ERROR" } else { "INFO" },
        logger: "rag.data",
        message: match (operation, failed) {
            ("answer", _) => "answer_complete",
            (_, true) => "load_failed",
            (_, false) => "load_complete",
        },
        trace_id: Some(root),
        span_id: Some(span),
        parent_span_id: (seq > 1).then_some(root),
        request_id: Some("req-7"),
        user_id: Some("ada <admin>"),
        session_id: None,
        tenant_id: None,
        context: r#"{"path":"</script><script>alert(1)</script>"}"#,
        metrics: r#"{"duration_ms":4.000}"#,
        error: None,
        stack_trace: None,
        environment: "test",
        version: "1.0.0",
        host: "host-1",
        typed: None,
    }
}

fn run(fixture: &Fixture, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ragspan"))
        .current_dir(fixture.folder.path())
        .env("RAGSPAN_DB", &fixture.db)
        .env_remove("CLICOLOR_FORCE")
        .args(args)
        .output()
        .expect("it runs")
}

#[track_caller]
fn found(fixture: &Fixture, args: &[&str]) -> String {
    let output = run(fixture, args);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn five_thousand_spans_fit_a_screen_and_every_failure_is_shown_or_counted() {
    let fixture = filled();
    let shown = found(&fixture, &["trace", "req-7"]);
    assert!(shown.lines().count() < 50, "{shown}");
    assert!(shown.contains("of 5,000 spans shown"), "{shown}");
    let open = shown
        .lines()
        .filter(|line| line.contains("✗ failed"))
        .count();
    assert_eq!(open, 3, "{shown}");
    assert!(shown.contains("✗ 2 failed"), "{shown}");
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
}

#[test]
fn options_show_more_spans() {
    let fixture = filled();
    let all = found(&fixture, &["trace", "last", "--all"]);
    assert_eq!(
        all.lines()
            .filter(|line| line.contains("─ load")
                || line.contains("├ load")
                || line.contains("└ load"))
            .count(),
        4_999
    );
    let slowest = found(&fixture, &["trace", "last", "--slowest", "7"]);
    assert!(slowest.contains("7 of 5,000 spans shown"), "{slowest}");
    let level = found(&fixture, &["trace", "last", "--depth", "1"]);
    assert!(
        level.contains("× 4,999 load") && level.contains("✗ 5 failed"),
        "{level}"
    );
}

#[test]
fn the_page_is_a_file_or_standard_output() {
    let fixture = filled();
    let shown = found(&fixture, &["trace", "req-7", "--html", "incident.html"]);
    assert_eq!(shown, "wrote incident.html\n");
    let page =
        std::fs::read_to_string(fixture.folder.path().join("incident.html")).expect("a page");
    assert_eq!(page, found(&fixture, &["trace", "req-7", "--html", "-"]));
    assert!(page.contains("user ada &lt;admin&gt;") && !page.contains("alert(1)</script>"));
    assert_eq!(page.matches("data-span=").count(), 5_000);
}

#[test]
fn a_page_that_cannot_be_written_is_reported() {
    let fixture = filled();
    let output = run(
        &fixture,
        &["trace", "req-7", "--html", "none/incident.html"],
    );
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.contains("cannot write none/incident.html: name a file in a folder"),
        "{stderr}"
    );
}
