//! The destinations of records: the trait `Sink`, and an implementation for each destination.

mod batch;
mod blocking;
mod database;
mod file;
mod open_file;
mod pretty;
mod rolled;
mod roller;
mod route;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stdout;
mod waiting;

use std::time::Duration;

pub(crate) use batch::{Batch, Chunk, MAX_BYTES as MAX_BATCH_BYTES, MAX_RECORDS, Source};
pub(crate) use blocking::Blocking;
pub use database::SqliteSettings;
pub use file::FileSettings;
pub(crate) use file::FileSink;
pub use route::{Backend, Route};
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::SqliteSink;
pub use stdout::Format;
pub(crate) use stdout::StdoutSink;
pub(crate) use waiting::write_all;

/// A destination of records. Translates and sends batches; does not batch, retry, spool or log.
pub(crate) trait Sink: Send + 'static {
    /// The value of the metrics' `sink` label.
    const NAME: &'static str;

    /// Opens the destination. The pipeline reports a failure once, and tries again at the latest with the first
    /// delivery.
    fn open(&mut self) -> impl Future<Output = Result<(), SinkError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Delivers the whole batch, or returns an error if nothing of it was delivered.
    fn deliver(&mut self, batch: Batch) -> impl Future<Output = Result<(), SinkError>> + Send;

    /// Returns what the destination cannot do although it took the last batch, such as rolling a file.
    fn warning(&self) -> Option<&str> {
        None
    }

    /// Returns once everything that was delivered is durable, on the disk.
    fn sync(&mut self) -> impl Future<Output = Result<(), SinkError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Closes the destination; nothing is delivered after it.
    fn close(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        std::future::ready(())
    }
}

/// Why a batch was not delivered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SinkError {
    /// A retry may deliver it.
    #[error("{source}")]
    Retryable {
        source: Box<dyn std::error::Error + Send + Sync>,
        /// The delay before the next attempt, if the destination asked for one.
        after: Option<Duration>,
    },
    /// No retry will deliver it: the reader is gone.
    #[error("{source}")]
    Permanent {
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SinkError {
    /// Returns the delay before the next attempt, if the destination asked for one.
    pub(crate) fn after(&self) -> Option<Duration> {
        match self {
            Self::Retryable { after, .. } => *after,
            Self::Permanent { .. } => None,
        }
    }
}
