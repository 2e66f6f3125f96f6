//! The one place where the program touches its telemetry: start and stop, the trace id, metrics, health, the summary.

use std::future::Future;
use std::io;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::answer::Request;

/// What the command line says about telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The database that the records go to.
    pub db: PathBuf,
    /// Whether records go to standard output too.
    pub json: bool,
}

/// The running telemetry.
#[derive(Debug)]
pub struct Telemetry {
    options: Options,
}

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {}

/// Starts recording.
///
/// # Errors
/// [`TelemetryError`].
pub fn start(options: Options) -> Result<Telemetry, TelemetryError> {
    Ok(Telemetry { options })
}

/// The trace that the calling code runs in.
#[must_use]
pub fn trace_id() -> Option<String> {
    None
}

/// Runs a request's work under its user and session.
pub async fn in_request<F: Future>(_request: &Request, work: F) -> F::Output {
    work.await
}

impl Telemetry {
    /// What `GET /metrics` answers, and its content type.
    #[must_use]
    pub fn metrics_text(&self) -> (&'static str, String) {
        ("text/plain; version=0.0.4; charset=utf-8", String::new())
    }

    /// Whether records are being delivered, and what `GET /health` says beside it.
    #[must_use]
    pub fn health(&self) -> (bool, Value) {
        (true, json!({ "db": self.options.db }))
    }

    /// Writes the waterfall of the slowest request and the tables by layer.
    ///
    /// # Errors
    /// What writing says.
    pub async fn write_summary(&self, _out: &mut (dyn io::Write + Send)) -> io::Result<()> {
        Ok(())
    }

    /// Delivers what is left and stops. Says in one line what became of the records.
    pub async fn shutdown(&self) -> Option<String> {
        None
    }
}
