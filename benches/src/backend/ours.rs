//! ragspan, with one sink or with every record filtered out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ragspan::config::FileSettings;
use ragspan::{Config, Level, Telemetry};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use super::{Backend, BackendError, RecordCounts, count_records, requests};
use crate::functions::QUERY;

/// A shutdown that takes longer leaves records behind, and the counts show it.
const LIMIT: Duration = Duration::from_secs(60);

/// A running ragspan.
#[derive(Debug)]
pub(super) struct Ours {
    telemetry: Telemetry,
    destination: Destination,
}

/// Where the records are found afterwards.
#[derive(Debug)]
enum Destination {
    Discard,
    File(PathBuf),
    Table(PathBuf),
}

impl Ours {
    /// Above the level of every record.
    pub(super) fn filtered(folder: &Path) -> Result<Self, BackendError> {
        let file = file(folder);
        let config = quiet().file(file).level(Level::Critical);
        Self::start(config, Destination::Discard)
    }

    /// Lines in a file.
    pub(super) fn file(folder: &Path) -> Result<Self, BackendError> {
        let file = file(folder);
        let destination = Destination::File(file.path.clone());
        Self::start(quiet().file(file), destination)
    }

    /// Rows in a database.
    pub(super) fn sqlite(folder: &Path) -> Result<Self, BackendError> {
        let path = folder.join("ragspan.db");
        Self::start(quiet().sqlite(&path), Destination::Table(path))
    }

    fn start(config: Config, destination: Destination) -> Result<Self, BackendError> {
        let telemetry = ragspan::start(config)?;
        Ok(Self {
            telemetry,
            destination,
        })
    }
}

/// No sink yet, and no listener.
fn quiet() -> Config {
    let config = Config::default().service("bench", "1.0.0", "bench");
    config.without_sinks().without_metrics_listener()
}

/// A file that never rolls, so that all lines are found in it.
fn file(folder: &Path) -> FileSettings {
    let mut settings = FileSettings::new(folder.join("ragspan.jsonl"));
    settings.max_bytes = u64::MAX;
    settings
}

impl Backend for Ours {
    fn deliver(&self, _: u64) {
        // Undelivered records are missing in the counts.
        let _delivered = self.telemetry.flush_blocking();
    }

    fn close(self: Box<Self>, calls: u64) -> Result<RecordCounts, BackendError> {
        let counted = requests(&self.telemetry.render_metrics(None).body);
        let report = self.telemetry.shutdown_blocking(LIMIT);
        let lost = report
            .sinks()
            .iter()
            .map(|sink| sink.dropped + sink.pending);
        Ok(RecordCounts {
            calls,
            expected: if matches!(self.destination, Destination::Discard) {
                0
            } else {
                calls
            },
            dropped: lost.sum(),
            found: found(&self.destination)?,
            counted: Some(counted),
        })
    }
}

fn found(destination: &Destination) -> Result<u64, BackendError> {
    Ok(match destination {
        Destination::Discard => 0,
        Destination::File(path) => count_records(path)?,
        Destination::Table(path) => count_rows(path)?,
    })
}

fn count_rows(path: &Path) -> Result<u64, BackendError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(async {
        let options = SqliteConnectOptions::new().filename(path);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let count = sqlx::query_scalar("SELECT count(*) FROM logs WHERE instr(context, ?) > 0");
        let count = count.bind(QUERY);
        let rows: i64 = count.fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(rows.unsigned_abs())
    })?)
}
