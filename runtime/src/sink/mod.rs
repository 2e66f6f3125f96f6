//! Somewhere records are sent: the trait, and one file for each destination.

mod batch;
mod blocking;
mod database;
mod file;
mod person;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stdout;

use std::time::Duration;

pub(crate) use batch::Batch;
pub use database::SqliteSettings;
pub use file::FileSettings;
pub(crate) use file::FileSink;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::SqliteSink;
pub use stdout::Format;
pub(crate) use stdout::StdoutSink;

/// Somewhere records are sent. Translates and sends; does not batch, retry, spool or log.
pub(crate) trait Sink: Send + 'static {
    /// The value of the metrics' `sink` label.
    const NAME: &'static str;

    /// Gets ready. A failure is reported once; the first delivery tries again.
    fn open(&mut self) -> impl Future<Output = Result<(), DeliveryError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Delivers the whole batch, or says that nothing of it has arrived.
    fn deliver(&mut self, batch: Batch) -> impl Future<Output = Result<(), DeliveryError>> + Send;

    /// Returns when what was delivered is also on the disk.
    fn sync(&mut self) -> impl Future<Output = Result<(), DeliveryError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Lets go of what it holds; nothing is delivered after it.
    fn close(self) -> impl Future<Output = ()> + Send
    where
        Self: Sized,
    {
        std::future::ready(())
    }
}

/// Why a batch did not arrive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DeliveryError {
    /// It may arrive later.
    #[error("{source}")]
    Retryable {
        source: Box<dyn std::error::Error + Send + Sync>,
        /// Not before then.
        after: Option<Duration>,
    },
    /// It will never arrive: the reader is gone.
    #[error("{source}")]
    Permanent {
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl DeliveryError {
    /// How long to wait before the next attempt, if the destination said so.
    pub(crate) fn after(&self) -> Option<Duration> {
        match self {
            Self::Retryable { after, .. } => *after,
            Self::Permanent { .. } => None,
        }
    }
}
