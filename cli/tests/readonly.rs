//! Reads a database in a folder without write permission, or reports how to make it readable.
#![cfg(unix)]

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ragspan_store::{NewRow, RowKind, Writer};
use tempfile::TempDir;

const BOOT: [u8; 16] = [5; 16];

fn row(seq: u64, message: &'static str) -> NewRow<'static> {
    NewRow {
        boot_id: &BOOT,
        seq,
        kind: RowKind::Event,
        start_us: None,
        timestamp_us: 1_795_427_000_000_000 + seq.cast_signed(),
        duration_us: None,
        timestamp: "2026-11-23T09:43:20.005000Z",
        level: "INFO",
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

/// A folder with the command, and a folder below it that is made read-only.
struct ReadOnlyFolder {
    folder: TempDir,
    db: PathBuf,
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
}

impl ReadOnlyFolder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        allow(folder.path(), 0o755);
        let program = folder.path().join("ragspan");
        std::fs::copy(env!("CARGO_BIN_EXE_ragspan"), program).expect("it is copied");
        let below = folder.path().join("readonly");
        std::fs::create_dir(&below).expect("a folder in it");
        let db = below.join("ragspan.db");
        Self { folder, db }
    }

    fn allow(&self, mode: u32) {
        allow(self.db.parent().expect("its folder"), mode);
    }

    fn logs(&self) -> Output {
        let output = self.command().output().expect("it runs");
        self.allow(0o755);
        output
    }

    /// Returns the command `logs`, run by a user without write permission: permissions do not restrict root.
    fn command(&self) -> Command {
        self.allow(0o555);
        let program = self.folder.path().join("ragspan");
        let mut command = Command::new("setpriv");
        if std::fs::metadata("/proc/self").expect("a process").uid() == 0 {
            command.args(["--reuid=64321", "--regid=64321", "--clear-groups"]);
        }
        command.arg(program).arg("--db").arg(&self.db).arg("logs");
        command
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime")
}

fn write(db: &Path, row: NewRow<'_>) {
    runtime().block_on(async {
        let mut writer = Writer::open(db).await.expect("it opens");
        writer.insert(&[row]).await.expect("it inserts");
        writer.close().await.expect("it closes");
    });
}

#[test]
fn a_closed_database_is_read() {
    let folder = ReadOnlyFolder::new();
    write(&folder.db, row(1, "in the folder"));
    let output = folder.logs();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stdout.contains("in the folder"), "{stdout}{stderr}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_database_whose_log_cannot_be_read_is_rejected_with_a_fix() {
    let folder = ReadOnlyFolder::new();
    runtime().block_on(async {
        let open = folder.folder.path().join("open.db");
        let mut writer = Writer::open(&open).await.expect("it opens");
        writer
            .insert(&[row(1, "only in the log")])
            .await
            .expect("it inserts");
        // The state after a copy without `-shm`, or after a crash.
        for end in ["", "-wal"] {
            let with = |path: &Path| format!("{}{end}", path.display());
            std::fs::copy(with(&open), with(&folder.db)).expect("it is copied");
        }
        writer.close().await.expect("it closes");
    });
    let output = folder.logs();
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("ragspan.db-wal") && stderr.contains("copy both"),
        "{}{stderr}",
        text(&output.stdout)
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_closed_database_is_followed_when_it_is_written_to() {
    let folder = ReadOnlyFolder::new();
    write(&folder.db, row(1, "in the folder"));
    let mut command = folder.command();
    let piped = command.arg("--follow").stdout(Stdio::piped());
    let mut child = piped.spawn().expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut next = || lines.next().expect("a line").expect("it is read");
    assert!(next().contains("in the folder"));
    folder.allow(0o755);
    write(&folder.db, row(2, "written later"));
    folder.allow(0o555);
    assert!(next().contains("written later"));
    child.kill().expect("it ends");
    child.wait().expect("it has ended");
    folder.allow(0o755);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
