//! Runs `logs --follow` while other processes write, and ends it in each way.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use ragspan_store::{NewRow, RowKind, Writer};
use tempfile::TempDir;

const BOOT: [u8; 16] = [5; 16];

fn row(seq: u64, level: &'static str, message: &'static str) -> NewRow<'static> {
    NewRow {
        boot_id: &BOOT,
        seq,
        kind: RowKind::Event,
        start_us: None,
        timestamp_us: 1_795_427_000_000_000 + seq.cast_signed(),
        duration_us: None,
        timestamp: "2026-11-23T09:43:20.005000Z",
        level,
        logger: "app",
        message,
        trace_id: None,
        span_id: None,
        parent_span_id: None,
        request_id: None,
        user_id: None,
        session_id: None,
        tenant_id: None,
        context: "{}",
        metrics: "{}",
        error: None,
        stack_trace: None,
        environment: "test",
        version: "1.0.0",
        host: "host-1",
        typed: None,
    }
}

/// Writes records from another process than the command's.
fn write(db: &Path, rows: &[NewRow<'_>]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut writer = Writer::open(db).await.expect("it opens");
        writer.insert(rows).await.expect("it inserts");
        writer.close().await.expect("it closes");
    });
}

struct Following {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    errors: Lines<BufReader<ChildStderr>>,
    db: std::path::PathBuf,
    _folder: TempDir,
}

/// Starts to follow a database with one record, and waits until it is shown.
fn following(args: &[&str]) -> Following {
    let folder = tempfile::tempdir().expect("a folder");
    let db = folder.path().join("ragspan.db");
    write(&db, &[row(1, "ERROR", "the first")]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_ragspan"))
        .arg("--db")
        .arg(&db)
        .args(["logs", "--follow"])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let stdout = child.stdout.take().expect("its output");
    let stderr = child.stderr.take().expect("its errors");
    let mut following = Following {
        child,
        errors: BufReader::new(stderr).lines(),
        lines: BufReader::new(stdout).lines(),
        db,
        _folder: folder,
    };
    assert!(following.next().contains("the first"));
    following
}

impl Following {
    fn next(&mut self) -> String {
        self.lines.next().expect("a line").expect("it is read")
    }

    fn next_error(&mut self) -> String {
        self.errors.next().expect("a line").expect("it is read")
    }

    fn code(mut self) -> Option<i32> {
        self.child.wait().expect("it ends").code()
    }
}

#[test]
fn records_of_another_process_are_shown_once_and_filtered() {
    let mut following = following(&["--level", "warning"]);
    write(
        &following.db,
        &[
            row(2, "INFO", "too little"),
            row(3, "WARNING", "the second"),
        ],
    );
    assert!(following.next().contains("the second"));
    write(&following.db, &[row(4, "ERROR", "the third")]);
    assert!(following.next().contains("the third"));
    interrupt(&following.child);
    assert_eq!(following.code(), Some(0));
}

#[test]
fn records_are_followed_as_json_lines() {
    let mut following = following(&["--json"]);
    write(&following.db, &[row(2, "INFO", "the second")]);
    let record: serde_json::Value = serde_json::from_str(&following.next()).expect("it is JSON");
    assert_eq!(record["message"], "the second");
    interrupt(&following.child);
    assert_eq!(following.code(), Some(0));
}

fn remove(db: &Path) {
    for end in ["", "-wal", "-shm", ".lock"] {
        let mut path = db.as_os_str().to_owned();
        path.push(end);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
    }
}

#[test]
fn a_database_that_is_removed_and_created_again_is_followed() {
    let mut following = following(&["--json"]);
    remove(&following.db);
    let message = following.next_error();
    assert!(
        message.contains("is missing: waiting for a new database"),
        "{message}"
    );
    write(&following.db, &[row(1, "INFO", "the first of the new one")]);
    assert!(following.next().contains("the first of the new one"));
    let message = following.next_error();
    assert!(message.contains("following the new database"), "{message}");
    write(
        &following.db,
        &[row(2, "INFO", "the second of the new one")],
    );
    assert!(following.next().contains("the second of the new one"));
    interrupt(&following.child);
    assert_eq!(following.code(), Some(0));
}

#[test]
fn a_database_that_is_replaced_at_once_is_followed() {
    let mut following = following(&[]);
    let other = following.db.with_extension("other");
    write(&other, &[row(1, "INFO", "moved")]);
    std::fs::rename(&other, &following.db).expect("it is moved");
    assert!(following.next().contains("moved"));
    let message = following.next_error();
    assert!(message.contains("following the new database"), "{message}");
    interrupt(&following.child);
    assert_eq!(following.code(), Some(0));
}

/// Sends the signal of ctrl-c.
fn interrupt(child: &Child) {
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("there is a kill");
    assert!(sent.success());
}

#[test]
fn it_ends_when_its_pipe_is_closed_even_without_new_records() {
    let Following {
        mut child, lines, ..
    } = following(&[]);
    drop(lines);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
