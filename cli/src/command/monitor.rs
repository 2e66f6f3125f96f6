//! Notices that the database file that is followed was replaced or changed.

use std::path::{Path, PathBuf};

use ragspan_store::Reader;

use super::database::QUERY_TIMEOUT;
use crate::text::report;

/// A reader that replaces the current one.
#[derive(Debug)]
pub(super) enum Change {
    /// The file is another database, which is read from its first record on.
    Replaced(Reader),
    /// The file is the same database with new contents.
    Modified(Reader),
}

/// Compares the file at a path with an earlier state of it.
#[derive(Debug)]
pub(super) struct FileMonitor {
    path: PathBuf,
    known: Option<FileState>,
    /// Set once the missing file was reported.
    is_missing: bool,
}

impl FileMonitor {
    /// Takes the state of the file. Must be created before the file is opened, so that no change is missed.
    pub(super) fn new(path: PathBuf) -> Self {
        let known = FileState::of(&path);
        Self {
            path,
            known,
            is_missing: false,
        }
    }

    /// Returns a new reader if `reader` no longer reads the file at the path. A database that cannot be opened yet is tried
    /// again at the next call.
    pub(super) async fn check(&mut self, reader: &Reader) -> Option<Change> {
        let known = self.known.as_ref()?;
        let Some(now) = FileState::of(&self.path) else {
            self.report_missing();
            return None;
        };
        let is_replaced = now.file != known.file;
        let is_modified = reader.is_snapshot() && now != *known;
        if !is_replaced && !is_modified {
            return None;
        }
        let next = Reader::open_within(&self.path, QUERY_TIMEOUT).await.ok()?;
        self.known = Some(now);
        self.is_missing = false;
        if !is_replaced {
            return Some(Change::Modified(next));
        }
        report(&format!(
            "{} was replaced: following the new database",
            self.path.display()
        ));
        Some(Change::Replaced(next))
    }

    /// Reports the missing file once. The open reader still gets the records of its writers.
    fn report_missing(&mut self) {
        if !std::mem::replace(&mut self.is_missing, true) {
            let path = self.path.display();
            report(&format!("{path} is missing: waiting for a new database"));
        }
    }
}

/// The identity of a file, and the times and sizes that change when it is written to.
#[derive(Debug, PartialEq, Eq)]
struct FileState {
    file: (u64, u64),
    written: (i64, i64),
    log: u64,
}

impl FileState {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;

        let file = std::fs::metadata(path).ok()?;
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Some(Self {
            file: (file.dev(), file.ino()),
            written: (file.mtime(), file.mtime_nsec()),
            log: std::fs::metadata(log).map_or(0, |log| log.len()),
        })
    }

    /// On other systems an open file cannot be replaced.
    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        None
    }
}
