//! `ragspan trace` on large traces, and its page, as a person or a script meets them.

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

struct Place {
    folder: TempDir,
    db: PathBuf,
}

/// A trace of five thousand spans: a root, and all others under it; each thousandth failed.
fn filled() -> Place {
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
    Place { folder, db }
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
        host: "here",
        typed: None,
    }
}

fn ask(place: &Place, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ragspan"))
        .current_dir(place.folder.path())
        .env("RAGSPAN_DB", &place.db)
        .env_remove("CLICOLOR_FORCE")
        .args(args)
        .output()
        .expect("it runs")
}

#[track_caller]
fn found(place: &Place, args: &[&str]) -> String {
    let output = ask(place, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn five_thousand_spans_fit_a_screen_and_every_failure_is_shown_or_counted() {
    let place = filled();
    let shown = found(&place, &["trace", "req-7"]);
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
fn more_is_shown_where_more_is_asked_for() {
    let place = filled();
    let all = found(&place, &["trace", "last", "--all"]);
    assert_eq!(
        all.lines()
            .filter(|line| line.contains("─ load")
                || line.contains("├ load")
                || line.contains("└ load"))
            .count(),
        4_999
    );
    let slowest = found(&place, &["trace", "last", "--slowest", "7"]);
    assert!(slowest.contains("7 of 5,000 spans shown"), "{slowest}");
    let level = found(&place, &["trace", "last", "--depth", "1"]);
    assert!(
        level.contains("× 4,999 load") && level.contains("✗ 5 failed"),
        "{level}"
    );
}

#[test]
fn the_page_is_a_file_or_standard_output() {
    let place = filled();
    let said = found(&place, &["trace", "req-7", "--html", "incident.html"]);
    assert_eq!(said, "wrote incident.html\n");
    let page = std::fs::read_to_string(place.folder.path().join("incident.html")).expect("a page");
    assert_eq!(page, found(&place, &["trace", "req-7", "--html", "-"]));
    assert!(page.contains("user ada &lt;admin&gt;") && !page.contains("alert(1)</script>"));
    assert_eq!(page.matches("data-span=").count(), 5_000);
}

#[test]
fn a_page_that_cannot_be_written_is_told() {
    let place = filled();
    let output = ask(&place, &["trace", "req-7", "--html", "none/incident.html"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("cannot write none/incident.html: name a file in a folder"),
        "{said}"
    );
}
