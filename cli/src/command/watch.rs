//! Notices that another database has taken the place of the one that is followed.

use std::path::{Path, PathBuf};

use ragspan_store::Reader;

use super::PATIENCE;
use crate::text::tell;

/// Another reader that has to be asked from now on.
#[derive(Debug)]
pub(super) enum Change {
    /// Of another database, from its first record on.
    Another(Reader),
    /// Of the same one, as it is now.
    Newer(Reader),
}

/// Looks at the file behind a path.
#[derive(Debug)]
pub(super) struct Watch {
    path: PathBuf,
    seen: Option<Stamp>,
    /// It was told that there is no file.
    is_gone: bool,
}

impl Watch {
    /// To be made before the file is opened, so that no change is missed.
    pub(super) fn on(path: PathBuf) -> Self {
        let seen = Stamp::of(&path);
        Self {
            path,
            seen,
            is_gone: false,
        }
    }

    /// Whether `reader` has to give way. A database that is not ready yet is looked at again the next time.
    pub(super) async fn look(&mut self, reader: &Reader) -> Option<Change> {
        let seen = self.seen.as_ref()?;
        let Some(now) = Stamp::of(&self.path) else {
            self.miss();
            return None;
        };
        let is_another = now.file != seen.file;
        let is_newer = reader.is_snapshot() && now != *seen;
        if !is_another && !is_newer {
            return None;
        }
        let next = Reader::open_within(&self.path, PATIENCE).await.ok()?;
        self.seen = Some(now);
        self.is_gone = false;
        if !is_another {
            return Some(Change::Newer(next));
        }
        tell(&format!(
            "another database is at {} now: following the new one",
            self.path.display()
        ));
        Some(Change::Another(next))
    }

    /// Who writes to the file that is gone is still heard.
    fn miss(&mut self) {
        if !std::mem::replace(&mut self.is_gone, true) {
            let path = self.path.display();
            tell(&format!("{path} is gone: waiting for another"));
        }
    }
}

/// What tells a file from another, and from itself before it was written to.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    written: (i64, i64),
    log: u64,
}

impl Stamp {
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

    /// Elsewhere a file that is open keeps its place.
    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        None
    }
}
