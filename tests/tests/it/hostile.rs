//! Under hostile conditions the application runs, each problem is reported once, and working sinks get all records.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, Command, Stdio};

use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, Executor};

use crate::programs::{HOSTILE, STARTUP, succeed};
use crate::records::Schema;

/// A running service.
pub(crate) struct App {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    errors: BufReader<ChildStderr>,
    /// The lines of standard error that are not answers.
    reported: Vec<String>,
}

impl App {
    pub(crate) fn start(words: &[&str]) -> Self {
        Self::spawn(Command::new(HOSTILE).args(words))
    }

    /// Starts the service, and waits until its telemetry has started or failed.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self::spawn_with_output(command.stdout(Stdio::piped()))
    }

    /// Starts the service with the standard output of the command.
    pub(crate) fn spawn_with_output(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let input = child.stdin.take();
        let errors = BufReader::new(child.stderr.take().unwrap());
        let reported = Vec::new();
        let mut app = Self {
            child,
            input,
            errors,
            reported,
        };
        let started = app.answer();
        app.reported.push(started);
        app
    }

    pub(crate) fn ask(&mut self, line: &str) -> String {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
        self.answer()
    }

    /// Returns the next answer; other lines are kept in `reported`.
    fn answer(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.errors.read_line(&mut line).unwrap();
            assert_ne!(
                read, 0,
                "the service ended; it had reported {:#?}",
                self.reported
            );
            match line.trim_end().strip_prefix("app ") {
                Some(answer) => return answer.to_owned(),
                None => self.reported.push(line),
            }
        }
    }

    /// Returns the reports of ragspan that contain this text.
    pub(crate) fn reports_of(&self, what: &str) -> Vec<&String> {
        let ours = self
            .reported
            .iter()
            .filter(|line| line.starts_with("ragspan: "));
        ours.filter(|line| line.contains(what)).collect()
    }

    /// Waits for the report, which is printed by a thread of its own.
    #[track_caller]
    pub(crate) fn is_reported_once(&mut self, what: &str) {
        for _ in 0..1_000 {
            if !self.reports_of(what).is_empty() {
                break;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(10));
            self.ask("health");
        }
        assert_eq!(
            self.reports_of(what).len(),
            1,
            "{what}: {:#?}",
            self.reported
        );
    }

    /// Queries the health until the condition holds; the retries of the service take some seconds.
    #[track_caller]
    pub(crate) fn wait_for_health(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut health = Value::Null;
        for _ in 0..3_000 {
            health = serde_json::from_str(&self.ask("health")).unwrap();
            if wanted(&health) {
                return health;
            }
            std::thread::park_timeout(std::time::Duration::from_millis(10));
        }
        panic!("{health}: {:#?}", self.reported)
    }

    /// Ends the service; returns its last answer, and its standard output.
    pub(crate) fn end(mut self) -> (String, String) {
        let last = self.ask("end");
        drop(self.input.take());
        drop(self.errors);
        let output = self.child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", output.status);
        (last, String::from_utf8(output.stdout).unwrap())
    }
}

pub(crate) fn is_degraded(health: &Value) -> bool {
    health["status"] == "degraded"
}

pub(crate) fn is_ok(health: &Value) -> bool {
    health["status"] == "ok"
}

pub(crate) fn setting(key: &str, path: &Path) -> String {
    format!("{key}={}", path.display())
}

/// Checks a sink that does not work from the start: other sinks work, the problem is reported once, and the health shows it.
#[track_caller]
fn broken_from_the_start(sink: &str, path: &Path, reported: &str) {
    let mut app = App::start(&[&setting(sink, path)]);
    assert_eq!(app.ask("add"), "3");
    let health = app.wait_for_health(|health| health["sinks"][0]["delivered"] == 2);
    assert!(is_degraded(&health), "{health}");
    assert!(
        health["warnings"][0].as_str().unwrap().contains(reported),
        "{health}"
    );
    app.is_reported_once(reported);
    assert_eq!(app.reports_of("").len(), 1, "{:#?}", app.reported);
    let (last, stdout) = app.end();
    let left = format!("stdout: delivered 2, left 0, dropped 0; {sink}: delivered 0, left 2");
    assert!(last.starts_with(&left), "{last}");
    let [failed, added] = records(&stdout).try_into().unwrap();
    is_failure_of(&failed, sink, reported.split(": ").last().unwrap());
    assert_eq!(added["message"], "add_complete");
}

pub(crate) fn records(stdout: &str) -> Vec<Value> {
    let schema = Schema::new();
    stdout.lines().map(|line| schema.check(line)).collect()
}

/// Checks the record about a degraded sink that the other sinks get.
#[track_caller]
fn is_failure_of(record: &Value, sink: &str, reported: &str) {
    let words = ["level", "logger", "message"].map(|key| record[key].as_str().unwrap());
    assert_eq!(words, ["CRITICAL", "ragspan", "sink_failed"], "{record}");
    assert_eq!(record["context"], json!({"sink": sink}));
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.contains(reported), "{record}");
    for key in ["trace_id", "span_id", "request_id", "stack_trace"] {
        assert_eq!(record[key], Value::Null, "{key}: {record}");
    }
}

struct Target {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

/// Returns a path in a new folder.
fn target(name: &str) -> Target {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    Target {
        _folder: folder,
        path,
    }
}

#[test]
fn a_database_below_a_file() {
    let target = target("file");
    std::fs::write(&target.path, "").unwrap();
    broken_from_the_start("sqlite", &target.path.join("x.db"), "sqlite: cannot lock");
}

#[test]
fn a_log_file_below_a_file() {
    let target = target("file");
    std::fs::write(&target.path, "").unwrap();
    broken_from_the_start("file", &target.path.join("x.jsonl"), "file: cannot open");
}

#[test]
fn a_database_in_a_read_only_folder() {
    broken_from_the_start("sqlite", Path::new("/proc/x.db"), "sqlite: cannot lock");
}

#[test]
fn a_directory_instead_of_the_database() {
    let target = target("x.db");
    std::fs::create_dir(&target.path).unwrap();
    broken_from_the_start("sqlite", &target.path, "unable to open database file");
}

#[test]
fn a_directory_instead_of_the_log_file() {
    let target = target("x.jsonl");
    std::fs::create_dir(&target.path).unwrap();
    broken_from_the_start("file", &target.path, "Is a directory");
}

#[test]
fn a_file_that_is_not_a_database() {
    let target = target("x.db");
    std::fs::write(
        &target.path,
        "this is a letter, and no database at all\n".repeat(100),
    )
    .unwrap();
    broken_from_the_start("sqlite", &target.path, "file is not a database");
    assert!(
        std::fs::read(&target.path)
            .unwrap()
            .starts_with(b"this is a letter")
    );
}

#[test]
fn a_full_disk() {
    let mut app = App::start(&["file=/dev/full"]);
    assert_eq!(app.ask("add"), "3");
    let health = app.wait_for_health(is_degraded);
    assert!(
        health["warnings"][0]
            .as_str()
            .unwrap()
            .contains("No space left"),
        "{health}"
    );
    app.is_reported_once("No space left on device");
    app.wait_for_health(|health| health["sinks"][0]["delivered"] == 2);
    let (last, stdout) = app.end();
    let accounting = "stdout: delivered 2, left 0, dropped 0; file: delivered 0, left 2, dropped 0";
    assert!(last.ends_with(accounting), "{last}");
    let [added, failed] = records(&stdout).try_into().unwrap();
    assert_eq!(added["message"], "add_complete");
    is_failure_of(&failed, "file", "No space left on device");
    assert_eq!(failed["error"]["type"], "unavailable");
}

/// Reads the standard output of a service to its end, so that the service does not block.
fn drained(app: &mut App) -> std::thread::JoinHandle<String> {
    let output = app.child.stdout.take().unwrap();
    std::thread::spawn(move || std::io::read_to_string(output).unwrap())
}

#[tokio::test]
async fn a_disk_that_is_too_small_for_the_database_until_it_is_larger() {
    let target = target("x.db");
    // SQLite treats a limit on the file size like a full disk. The signal is ignored, because it would end the process.
    let script = r#"trap "" XFSZ; exec prlimit --fsize=400000: "$0" "$@""#;
    let setting = setting("sqlite", &target.path);
    let mut app = App::spawn(Command::new("sh").args(["-c", script, HOSTILE, &setting]));
    let stdout = drained(&mut app);
    assert_eq!(app.ask("many"), "4999");
    let health = app.wait_for_health(is_degraded);
    let problem = "sqlite: the database could not insert records: check the disk";
    assert!(
        health["warnings"][0].as_str().unwrap().starts_with(problem),
        "{health}"
    );
    let pid = app.child.id().to_string();
    let larger = ["--pid", &pid, "--fsize=unlimited:"];
    let status = Command::new("prlimit").args(larger).status().unwrap();
    assert!(status.success());
    app.wait_for_health(is_ok);
    assert_eq!(app.ask("flush"), "true");
    app.is_reported_once(problem);
    app.is_reported_once("sqlite: has recovered");
    let (last, _) = app.end();
    let accounting =
        "stdout: delivered 5002, left 0, dropped 0; sqlite: delivered 5002, left 0, dropped 0";
    assert!(last.ends_with(accounting), "{last}");
    let stdout = stdout.join().unwrap();
    let failed: Vec<_> = stdout
        .lines()
        .filter(|line| line.contains("CRITICAL"))
        .collect();
    let [failed] = failed.as_slice() else {
        panic!("{failed:?}")
    };
    is_failure_of(
        &Schema::new().check(failed),
        "sqlite",
        "could not insert records",
    );
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&target.path);
    let mut database = options.connect().await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT count(DISTINCT seq) FROM logs")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(rows, 5_002);
    let intact: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(intact, "ok");
    database.close().await.unwrap();
}

#[tokio::test]
async fn a_database_that_another_process_holds() {
    let target = target("x.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&target.path);
    let mut holder = options.create_if_missing(true).connect().await.unwrap();
    holder
        .execute("CREATE TABLE mine (a); BEGIN EXCLUSIVE")
        .await
        .unwrap();
    let mut app = App::start(&[&setting("sqlite", &target.path)]);
    app.is_reported_once("sqlite: not open after 2 s");
    assert_eq!(app.ask("add"), "3");
    app.wait_for_health(is_degraded);
    holder.execute("ROLLBACK").await.unwrap();
    assert_eq!(app.ask("flush"), "true", "{:#?}", app.reported);
    app.wait_for_health(is_ok);
    app.is_reported_once("sqlite: has recovered");
    assert_eq!(app.ask("flush"), "true", "{:#?}", app.reported);
    let (last, _) = app.end();
    assert!(
        last.ends_with("sqlite: delivered 3, left 0, dropped 0"),
        "{last}"
    );
    let messages = "SELECT message FROM logs ORDER BY seq";
    let messages: Vec<String> = sqlx::query_scalar(messages)
        .fetch_all(&mut holder)
        .await
        .unwrap();
    assert_eq!(messages, ["sink_failed", "add_complete", "sink_recovered"]);
    holder.close().await.unwrap();
}

#[test]
fn a_folder_that_becomes_writable_later() {
    let target = target("later");
    std::fs::write(&target.path, "").unwrap();
    let mut app = App::start(&[&setting("sqlite", &target.path.join("x.db"))]);
    assert_eq!(app.ask("add"), "3");
    app.wait_for_health(is_degraded);
    std::fs::remove_file(&target.path).unwrap();
    std::fs::create_dir(&target.path).unwrap();
    app.wait_for_health(is_ok);
    assert_eq!(app.ask("flush"), "true");
    let (last, stdout) = app.end();
    assert!(
        last.ends_with("sqlite: delivered 3, left 0, dropped 0"),
        "{last}"
    );
    let records = records(&stdout);
    let [failed, _, recovered] = records.as_slice() else {
        panic!("{stdout}")
    };
    is_failure_of(failed, "sqlite", "cannot lock");
    assert_eq!(recovered["message"], "sink_recovered");
    assert_eq!(recovered["level"], "WARNING");
    assert_eq!(recovered["context"], json!({"sink": "sqlite"}));
    assert!(recovered["metrics"]["degraded_ms"].is_u64(), "{recovered}");
}

#[test]
fn a_folder_that_becomes_writable_without_traffic() {
    for key in ["file", "sqlite"] {
        let target = target("later");
        std::fs::write(&target.path, "").unwrap();
        let mut app = App::start(&[&setting(key, &target.path.join("x"))]);
        app.wait_for_health(is_degraded);
        std::fs::remove_file(&target.path).unwrap();
        std::fs::create_dir(&target.path).unwrap();
        app.wait_for_health(is_ok);
        app.is_reported_once("has recovered");
    }
}

#[test]
fn a_standard_output_that_is_closed() {
    let target = target("x.db");
    let shell = [
        "-c",
        r#"exec "$0" "$@" >&-"#,
        HOSTILE,
        &setting("sqlite", &target.path),
    ];
    let mut app = App::spawn(Command::new("sh").args(shell));
    assert_eq!(app.ask("add"), "3");
    assert_eq!(app.ask("flush"), "true");
    let (last, stdout) = app.end();
    assert!(
        last.ends_with("sqlite: delivered 1, left 0, dropped 0"),
        "{last}"
    );
    assert_eq!(stdout, "");
}

#[test]
fn a_reader_that_goes_away() {
    let target = target("x.db");
    let mut app = App::start(&[&setting("sqlite", &target.path)]);
    drop(app.child.stdout.take());
    assert_eq!(app.ask("add"), "3");
    app.wait_for_health(is_degraded);
    assert_eq!(app.ask("add"), "3");
    app.wait_for_health(|health| health["sinks"][0]["dropped"] == 3);
    app.is_reported_once("stdout: Broken pipe");
    assert_eq!(app.ask("flush"), "true");
    let (last, _) = app.end();
    assert!(
        last.ends_with("sqlite: delivered 3, left 0, dropped 0"),
        "one record of it, though it refused that record too: {last}"
    );
}

#[test]
fn a_reader_that_stalls() {
    let target = target("x.db");
    let mut app = App::start(&[&setting("sqlite", &target.path)]);
    assert_eq!(app.ask("many"), "4999");
    let health = app
        .wait_for_health(|health| is_degraded(health) && health["sinks"][1]["delivered"] == 5_001);
    assert!(
        health["warnings"][0]
            .as_str()
            .unwrap()
            .starts_with("stdout: has not taken a batch"),
        "{health}"
    );
    app.is_reported_once("stdout: has not taken a batch");
    let last = app.ask("end");
    assert!(
        last.contains("sqlite: delivered 5001, left 0, dropped 0"),
        "{last}"
    );
    assert!(
        app.child.wait().unwrap().success(),
        "it ended though nobody ever read"
    );
}

/// Returns listeners on those of eleven consecutive ports that are free; the others are taken by other programs.
fn all_taken() -> (u16, Vec<TcpListener>) {
    let first = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = first.local_addr().unwrap().port();
    let others =
        (1..=10).filter_map(|step| TcpListener::bind(("127.0.0.1", base.checked_add(step)?)).ok());
    let all = others
        .collect::<Vec<_>>()
        .into_iter()
        .chain([first])
        .collect();
    (base, all)
}

#[test]
fn ports_that_are_all_taken_until_they_are_free() {
    let (port, taken) = all_taken();
    let mut app = App::start(&[&format!("metrics=127.0.0.1:{port}")]);
    app.is_reported_once("metrics are not served");
    assert_eq!(
        (app.ask("add"), app.ask("address")),
        ("3".into(), "None".into())
    );
    drop(taken);
    app.wait_for_health(is_ok);
    assert_eq!(app.ask("address"), format!("Some(127.0.0.1:{port})"));
    app.end();
}

#[test]
fn no_home_and_no_working_directory() {
    let script = r#"cd "$(mktemp -d)" && rmdir "$PWD" && exec env -i "$0" "$@""#;
    let mut app = App::spawn(Command::new("sh").args(["-c", script, HOSTILE, "sqlite=ragspan.db"]));
    app.is_reported_once("sqlite: cannot lock ragspan.db.lock");
    assert_eq!(app.ask("add"), "3");
    let (_, stdout) = app.end();
    assert_eq!(records(&stdout).len(), 2, "{stdout}");
}

#[test]
fn no_file_descriptors_left() {
    let mut app =
        App::spawn(Command::new("prlimit").args(["--nofile=4", HOSTILE, "metrics=127.0.0.1:0"]));
    no_worker(&mut app);
    app.end();
}

#[test]
fn no_threads_left() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("hostile");
    std::fs::copy(HOSTILE, &program).unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        // The limit does not apply to root. A user without other processes can run this one.
        let mut command = Command::new("setpriv");
        command.args([
            "--reuid=64321",
            "--regid=64321",
            "--clear-groups",
            "prlimit",
        ]);
        command
    } else {
        Command::new("prlimit")
    };
    let mut app = App::spawn(command.arg("--nproc=1").arg(&program));
    no_worker(&mut app);
    app.end();
}

/// Checks that the service runs, and that every record is counted as dropped.
#[track_caller]
fn no_worker(app: &mut App) {
    app.is_reported_once("no worker: ");
    assert_eq!(app.ask("add"), "3");
    let health = app.wait_for_health(is_degraded);
    assert_eq!(health["sinks"][0]["emitted"], 1, "{health}");
    assert_eq!(health["sinks"][0]["dropped"], 1, "{health}");
    assert_eq!(app.ask("address"), "None");
}

#[test]
fn a_strict_start_rejects_a_degraded_sink_and_can_be_retried() {
    let target = target("file");
    std::fs::write(&target.path, "").unwrap();
    let path = target.path.join("x.db");
    let stdout = succeed(STARTUP, &["strict-then-not", path.to_str().unwrap()]);
    assert!(stdout.contains("`strict` is set"), "{stdout}");
    assert!(stdout.contains("sqlite: cannot lock"), "{stdout}");
    assert!(stdout.contains("add_complete"), "{stdout}");
    assert!(
        !stdout.contains("sink_failed"),
        "a start that was refused leaves nothing: {stdout}"
    );
}

#[test]
fn a_strict_start_that_fails_leaves_the_service_running() {
    let mut app = App::start(&["strict", "file=/proc/x"]);
    assert!(
        app.reported.iter().any(|line| line.starts_with("error ")),
        "{:#?}",
        app.reported
    );
    assert_eq!(app.ask("add"), "3");
}
