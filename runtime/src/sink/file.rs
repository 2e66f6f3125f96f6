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
//! file is cut to its former length, so that it never contains part of a line.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::blocking::Blocking;
use super::{Batch, Sink, SinkError};

/// The settings of the file sink: the file, and when it rolls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileSettings {
    /// The file that records are written to.
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
}

impl FileSink {
    pub(crate) fn new(settings: FileSettings) -> Self {
        Self {
            roller: Arc::new(Mutex::new(Roller {
                settings,
                file: None,
                length: 0,
            })),
            thread: Blocking::new("ragspan-file"),
        }
    }

    async fn blocking(
        &mut self,
        work: impl FnOnce(&mut Roller) -> io::Result<()> + Send + 'static,
    ) -> Result<(), SinkError> {
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
        self.blocking(move |roller| roller.append(&batch.json()))
            .await
    }

    async fn sync(&mut self) -> Result<(), SinkError> {
        self.blocking(|roller| roller.file.as_ref().map_or(Ok(()), File::sync_data))
            .await
    }
}

#[derive(Debug)]
struct Roller {
    settings: FileSettings,
    file: Option<File>,
    length: u64,
}

impl Roller {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let added = lines.len() as u64;
        self.ensure_open()?;
        if self.length > 0 && self.length + added > self.settings.max_bytes {
            self.roll()?;
        }
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        if let Err(error) = file.write_all(lines) {
            // The next attempt opens the file again and reads its length, so a failure to restore it is ignored.
            let _restored = file.set_len(self.length);
            self.file = None;
            return Err(self.describe("write", &error));
        }
        self.length += added;
        Ok(())
    }

    fn ensure_open(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.open().map_err(|error| self.describe("open", &error))?;
        }
        Ok(())
    }

    /// Adds the operation, the file and a fix to the system's error.
    fn describe(&self, operation: &str, error: &io::Error) -> io::Error {
        let path = self.settings.path.display();
        let text = format!("cannot {operation} {path}: check its folder and the disk: {error}");
        io::Error::new(error.kind(), text)
    }

    fn open(&mut self) -> io::Result<()> {
        if let Some(folder) = self.settings.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.settings.path)?;
        self.length = file.metadata()?.len();
        self.file = Some(file);
        Ok(())
    }

    fn roll(&mut self) -> io::Result<()> {
        self.file = None;
        for number in (0..self.settings.keep).rev() {
            let from = numbered(&self.settings.path, number);
            if from.exists() {
                std::fs::rename(from, numbered(&self.settings.path, number + 1))?;
            }
        }
        if self.settings.keep == 0 {
            std::fs::remove_file(&self.settings.path)?;
        }
        self.open()
    }
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_rolls_at_its_size_and_the_oldest_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/ragspan.jsonl");
        let settings = FileSettings {
            max_bytes: 10,
            keep: 2,
            ..FileSettings::new(&path)
        };
        let mut roller = Roller {
            settings,
            file: None,
            length: 0,
        };
        for line in [b"first\n", b"secnd\n", b"third\n", b"forth\n"] {
            roller.append(line).unwrap();
        }
        let read = |number| std::fs::read_to_string(numbered(&path, number)).unwrap_or_default();
        assert_eq!(
            (read(0), read(1), read(2)),
            ("forth\n".into(), "third\n".into(), "secnd\n".into())
        );
        assert_eq!(read(3), "");
    }

    #[test]
    fn an_existing_file_is_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        std::fs::write(&path, "old\n").unwrap();
        let mut roller = Roller {
            settings: FileSettings::new(&path),
            file: None,
            length: 0,
        };
        roller.append(b"new\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old\nnew\n");
    }
}
