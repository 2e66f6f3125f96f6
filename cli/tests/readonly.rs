//! A database in a folder that nobody can write to is read, or the command says what to do.
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
        host: "here",
        typed: None,
    }
}

/// A folder with the command, and one below it that will be made read-only.
struct Shelf {
    folder: TempDir,
    db: PathBuf,
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
}

impl Shelf {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        allow(folder.path(), 0o755);
        let program = folder.path().join("ragspan");
        std::fs::copy(env!("CARGO_BIN_EXE_ragspan"), program).expect("it is copied");
        let shelf = folder.path().join("shelf");
        std::fs::create_dir(&shelf).expect("a folder in it");
        let db = shelf.join("ragspan.db");
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

    /// Asks the command for the records, as somebody who cannot write there; permissions do not bind root.
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
fn a_database_that_was_closed_is_read() {
    let shelf = Shelf::new();
    write(&shelf.db, row(1, "on the shelf"));
    let output = shelf.logs();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stdout.contains("on the shelf"), "{stdout}{stderr}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_database_whose_log_cannot_be_read_says_what_to_do() {
    let shelf = Shelf::new();
    runtime().block_on(async {
        let open = shelf.folder.path().join("open.db");
        let mut writer = Writer::open(&open).await.expect("it opens");
        writer
            .insert(&[row(1, "only in the log")])
            .await
            .expect("it inserts");
        // As a copy without `-shm`, or a crash, leaves it.
        for end in ["", "-wal"] {
            let with = |path: &Path| format!("{}{end}", path.display());
            std::fs::copy(with(&open), with(&shelf.db)).expect("it is copied");
        }
        writer.close().await.expect("it closes");
    });
    let output = shelf.logs();
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("ragspan.db-wal") && stderr.contains("copy both"),
        "{}{stderr}",
        text(&output.stdout)
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_database_that_was_closed_is_followed_when_somebody_writes_to_it() {
    let shelf = Shelf::new();
    write(&shelf.db, row(1, "on the shelf"));
    let mut command = shelf.command();
    let piped = command.arg("--follow").stdout(Stdio::piped());
    let mut child = piped.spawn().expect("it runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut next = || lines.next().expect("a line").expect("it is read");
    assert!(next().contains("on the shelf"));
    shelf.allow(0o755);
    write(&shelf.db, row(2, "put there later"));
    shelf.allow(0o555);
    assert!(next().contains("put there later"));
    child.kill().expect("it ends");
    child.wait().expect("it has ended");
    shelf.allow(0o755);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
