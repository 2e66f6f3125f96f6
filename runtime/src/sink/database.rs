//! The settings of the SQLite sink: the database file, and how much of it is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The settings of the SQLite sink: the database file, and how much of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteSettings {
    /// The database file; it is created if it does not exist.
    pub path: PathBuf,
    /// Whole traces older than this are deleted; 7 days by default.
    pub max_age: Duration,
    /// The size, in bytes of records and indexes, above which the oldest whole traces are deleted; 1 GiB by default.
    pub max_bytes: u64,
}

impl SqliteSettings {
    /// Creates the settings of a database at this path that keeps seven days, and at most 1 GiB.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            max_age: Duration::from_secs(7 * 86_400),
            max_bytes: 1 << 30,
        }
    }
}

macro_rules! from_path {
    ($($path:ty),*) => {
        $(
            impl From<$path> for SqliteSettings {
                fn from(path: $path) -> Self {
                    Self::new(path)
                }
            }
        )*
    };
}

from_path!(&Path, &PathBuf, PathBuf, &str, &String, String);
