//! Lost records are counted, and flushed records survive a kill.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use ragspan_store::{LogFilter, Reader};

use crate::programs::{EMIT, STARTUP, succeed};
use crate::records::Schema;

struct Run {
    folder: tempfile::TempDir,
}

impl Run {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Runs the program to completion, and returns the lines of its standard output.
    fn emit(&self, threads: usize, calls: usize, end: &str) -> Vec<String> {
        let (threads, calls) = (threads.to_string(), calls.to_string());
        let stdout = succeed(
            EMIT,
            &[
                &self.path("a.db"),
                &self.path("a.jsonl"),
                &threads,
                &calls,
                end,
            ],
        );
        stdout.lines().map(str::to_owned).collect()
    }

    fn file(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.path("a.jsonl")).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn rows(&self) -> Vec<String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut reader = Reader::open(self.path("a.db").as_ref()).await.unwrap();
            let filter = LogFilter {
                limit: None,
                ..LogFilter::default()
            };
            let rows = reader.logs(&filter).await.unwrap();
            rows.iter()
                .map(|row| row.to_json_line().trim_end().to_owned())
                .collect()
        })
    }
}

#[test]
fn every_sink_has_all_records() {
    let run = Run::new();
    let stdout = run.emit(8, 2_000, "shutdown");
    assert_eq!(stdout.len(), 16_000);
    let (schema, sample) = (Schema::new(), stdout.iter().step_by(97));
    sample.for_each(|line| drop(schema.check(line)));
    let on_stdout: HashSet<_> = stdout.into_iter().collect();
    assert_eq!(on_stdout.len(), 16_000, "no two records are alike");
    assert_eq!(run.file().into_iter().collect::<HashSet<_>>(), on_stdout);
    assert_eq!(run.rows().into_iter().collect::<HashSet<_>>(), on_stdout);
}

#[test]
fn dropping_the_telemetry_delivers_all_records() {
    let run = Run::new();
    assert_eq!(run.emit(1, 500, "drop").len(), 500);
    assert_eq!(run.rows().len(), 500);
}

#[test]
fn a_second_run_adds_to_the_same_database() {
    let run = Run::new();
    run.emit(1, 10, "shutdown");
    run.emit(1, 10, "shutdown");
    assert_eq!(run.rows().len(), 20);
}

#[test]
fn delivery_stats_add_up_in_every_exposition_under_load() {
    let run = Run::new();
    assert_eq!(run.emit(3, 5_000, "scrape").len(), 15_000);
}

#[test]
fn a_full_database_deletes_and_counts_its_oldest_records() {
    let run = Run::new();
    let exposition = succeed(STARTUP, &["small-database", &run.path("a.db")]);
    let expired = "ragspan_records_expired_total{sink=\"sqlite\",reason=\"size\"} ";
    let expired = exposition
        .lines()
        .find_map(|line| line.strip_prefix(expired))
        .unwrap();
    let expired: usize = expired.parse().unwrap();
    // Each call has two records: its completion and an event.
    assert_eq!(run.rows().len() + expired, 40_000);
    assert!(expired > 10_000, "{expired}");
    let size = std::fs::metadata(run.path("a.db")).unwrap().len();
    assert!(size < 16 << 20, "{size}");
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // The process may have ended by itself.
        let _killed = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Starts the program, waits until it reports the flush, and kills it.
fn flush_and_kill(run: &Run, calls: usize) {
    let arguments = [
        run.path("a.db"),
        run.path("a.jsonl"),
        "4".to_owned(),
        calls.to_string(),
    ];
    let mut command = Command::new(EMIT);
    command
        .args(arguments)
        .arg("flush-and-wait")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = Killed(command.spawn().unwrap());
    let mut stdout = child.0.stdout.take().unwrap();
    let reader = std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
    let mut line = String::new();
    BufReader::new(child.0.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "flushed\n");
    child.0.kill().unwrap();
    child.0.wait().unwrap();
    reader.join().unwrap().unwrap();
}

#[test]
fn flushed_records_survive_kill_9() {
    for round in 1..=3 {
        let run = Run::new();
        flush_and_kill(&run, 100 * round);
        assert_eq!(run.rows().len(), 400 * round, "round {round}");
        assert_eq!(run.file().len(), 400 * round, "round {round}");
    }
}
