//! The file sink: writes records as lines of JSON to a file, and rolls the file at a size.
//!
//! # When files roll
//!
//! A file that a batch would make larger than its bound is renamed to `<path>.1`, the former `<path>.1` to `<path>.2`,
//! and so on; the oldest file beyond the number to keep is removed.
//!
//! # Durability
//!
//! A delivered batch is written to the file; a durable flush also syncs it to the disk. If a write fails half-way, the
//! next attempt finishes the line. Nothing is ever cut off, because other processes may have written to the file.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::blocking::Blocking;
use super::roller::Roller;
use super::{Batch, Sink, SinkError};

/// The settings of the file sink: the file, and when it rolls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileSettings {
    /// The file that records are appended to. A new file can be read and written by the service's own user only; a file
    /// that is there keeps its permissions, and so do those that follow it. Several processes may use one path.
    pub path: PathBuf,
    /// The size in bytes at which the file rolls; 64 MiB by default.
    pub max_bytes: u64,
    /// How many rolled files are kept; 5 by default.
    pub keep: usize,
}

impl FileSettings {
    /// Creates the settings of a file at this path of at most 64 MiB, with five rolled files beside it.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            max_bytes: 64 * 1024 * 1024,
            keep: 5,
        }
    }
}

/// Writes records to a file, on a thread that may block.
#[derive(Debug)]
pub(crate) struct FileSink {
    roller: Arc<Mutex<Roller>>,
    thread: Blocking,
    /// Why the file cannot roll, though it is written to.
    warning: Option<String>,
}

impl FileSink {
    pub(crate) fn new(settings: FileSettings) -> Self {
        Self {
            roller: Arc::new(Mutex::new(Roller::new(settings))),
            thread: Blocking::new("ragspan-file"),
            warning: None,
        }
    }

    async fn blocking<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Roller) -> io::Result<T> + Send + 'static,
    ) -> Result<T, SinkError> {
        let roller = Arc::clone(&self.roller);
        let result = self
            .thread
            .run(move || work(&mut roller.lock().unwrap_or_else(PoisonError::into_inner)));
        let result = result.await.flatten();
        result.map_err(|error| SinkError::Retryable {
            source: error.into(),
            after: None,
        })
    }
}

impl Sink for FileSink {
    const NAME: &'static str = "file";

    async fn open(&mut self) -> Result<(), SinkError> {
        self.blocking(Roller::ensure_open).await
    }

    async fn deliver(&mut self, batch: Batch) -> Result<(), SinkError> {
        let append = move |roller: &mut Roller| {
            roller.append(&batch.json())?;
            Ok(roller.warning())
        };
        self.warning = self.blocking(append).await?;
        Ok(())
    }

    fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }

    async fn sync(&mut self) -> Result<(), SinkError> {
        self.blocking(|roller| roller.sync()).await
    }
}
