//! Which database records go to, and how much of it is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the database is, and how much of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SqliteSettings {
    /// The file, made if it is not there.
    pub path: PathBuf,
    /// Whole traces older than this go; 7 days unless it is set.
    pub max_age: Duration,
    /// Beyond this the oldest whole traces go, in bytes of records and indexes; 1 GiB unless it is set.
    pub max_bytes: u64,
}

impl SqliteSettings {
    /// A database at this path that keeps seven days, and at most 1 GiB.
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
