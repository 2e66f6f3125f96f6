//! Peers that write lines of JSON to a file through tracing-appender, as their documentation shows it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Subscriber;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, WorkerGuard};
use tracing_appender::rolling::{self, RollingFileAppender};
use tracing_subscriber::fmt::format::FmtSpan;

use super::{Backend, BackendError, RecordCounts, count_records, requests};

/// Longer than this nobody waits for lines.
const LIMIT: Duration = Duration::from_secs(30);

const FILE: &str = "lines.jsonl";

/// The buckets of the latency histogram, in milliseconds.
const BUCKETS: [f64; 12] = [
    1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0,
];

/// A subscriber and its file.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    arrived: Arc<Arrived>,
    dropped: ErrorCounter,
    guard: WorkerGuard,
    /// How many lines a call leaves.
    per_call: u64,
    metrics: Option<PrometheusHandle>,
}

impl Lines {
    /// `#[instrument(err)]`: a line at the span's end, and another for an error.
    pub(super) fn of_attribute(folder: &Path, fails: bool) -> Result<Self, BackendError> {
        let (mut lines, writer) = Self::to(folder);
        let json = tracing_subscriber::fmt().json();
        let json = json.with_span_events(FmtSpan::CLOSE).with_writer(writer);
        install(json.finish())?;
        lines.per_call = if fails { 2 } else { 1 };
        Ok(lines)
    }

    /// An event and metrics by hand, written by tracing-subscriber.
    pub(super) fn by_hand(folder: &Path) -> Result<Self, BackendError> {
        let (lines, writer) = Self::to(folder);
        let json = tracing_subscriber::fmt().json();
        // The span once, not once more in a list: what a careful author would choose.
        let json = json.flatten_event(true).with_span_list(false);
        install(json.with_writer(writer).finish())?;
        lines.with_metrics()
    }

    /// An event and metrics by hand, written by json-subscriber.
    pub(super) fn by_json_subscriber(folder: &Path) -> Result<Self, BackendError> {
        let (lines, writer) = Self::to(folder);
        let json = json_subscriber::fmt().flatten_event(true);
        install(json.with_span_list(false).with_writer(writer).finish())?;
        lines.with_metrics()
    }

    fn to(folder: &Path) -> (Self, NonBlocking) {
        let arrived = Arc::new(Arrived::default());
        let (writer, guard) = tracing_appender::non_blocking(Counting {
            file: rolling::never(folder, FILE),
            arrived: Arc::clone(&arrived),
        });
        let lines = Self {
            path: folder.join(FILE),
            arrived,
            dropped: writer.error_counter(),
            guard,
            per_call: 1,
            metrics: None,
        };
        (lines, writer)
    }

    fn with_metrics(self) -> Result<Self, BackendError> {
        let latency = Matcher::Full("rag_request_latency_ms".to_owned());
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(latency, &BUCKETS)
            .and_then(PrometheusBuilder::install_recorder);
        Ok(Self {
            metrics: Some(recorder.map_err(|_| BackendError::Taken)?),
            ..self
        })
    }
}

fn install(subscriber: impl Subscriber + Send + Sync) -> Result<(), BackendError> {
    tracing::subscriber::set_global_default(subscriber).map_err(|_| BackendError::Taken)
}

impl Backend for Lines {
    fn deliver(&self, calls: u64) {
        self.arrived.wait_for(calls * self.per_call);
    }

    /// The exporter asks for it every few seconds, on a thread of its own.
    fn wait_until_idle(&self) {
        if let Some(metrics) = &self.metrics {
            std::thread::scope(|scope| {
                scope.spawn(|| metrics.run_upkeep());
            });
        }
    }

    fn close(self: Box<Self>, calls: u64) -> Result<RecordCounts, BackendError> {
        drop(self.guard);
        Ok(RecordCounts {
            calls,
            expected: calls * self.per_call,
            found: count_records(&self.path)?,
            dropped: self.dropped.dropped_lines() as u64,
            counted: self.metrics.map(|metrics| requests(&metrics.render())),
        })
    }
}

/// The appender's file; it notifies a waiter once, when the last of the expected lines was written.
#[derive(Debug)]
struct Counting {
    file: RollingFileAppender,
    arrived: Arc<Arrived>,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A line at a time comes here, whole.
        self.file.write_all(bytes)?;
        self.arrived.one_more();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// How many lines were written, and for how many somebody waits.
#[derive(Debug, Default)]
struct Arrived {
    lines: AtomicU64,
    wanted: AtomicU64,
    lock: Mutex<()>,
    enough: Condvar,
}

impl Arrived {
    fn one_more(&self) {
        let lines = self.lines.fetch_add(1, Ordering::SeqCst) + 1;
        if lines == self.wanted.load(Ordering::SeqCst) {
            let _held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            self.enough.notify_one();
        }
    }

    fn wait_for(&self, lines: u64) {
        let held = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.wanted.store(lines, Ordering::SeqCst);
        let missing = |(): &mut ()| self.lines.load(Ordering::SeqCst) < lines;
        // A timeout shows in the counts.
        drop(self.enough.wait_timeout_while(held, LIMIT, missing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiter_for_lines_continues_at_the_last_of_them() {
        let arrived = Arrived::default();
        std::thread::scope(|scope| {
            scope.spawn(|| (0..50).for_each(|_| arrived.one_more()));
            arrived.wait_for(50);
            assert_eq!(arrived.lines.load(Ordering::SeqCst), 50);
        });
        arrived.wait_for(10);
    }

    #[test]
    fn a_line_is_counted_when_it_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let arrived = Arc::new(Arrived::default());
        let mut writer = Counting {
            file: rolling::never(folder.path(), FILE),
            arrived: Arc::clone(&arrived),
        };
        writer.write_all(b"{}\n").unwrap();
        arrived.wait_for(1);
        let written = std::fs::read(folder.path().join(FILE)).unwrap();
        assert_eq!(written, b"{}\n");
    }
}
