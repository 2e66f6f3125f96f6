//! The errors of a database.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store could not do what was asked.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file to read does not exist.
    #[error("no database at {path}: run the instrumented program once, or name another file")]
    Missing {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// The file is a database, but not one of ours.
    #[error("{path} has no table `logs`: it is not a ragspan database, name another file")]
    NoTable {
        /// The file that was opened.
        path: PathBuf,
    },
    /// A newer ragspan has already changed the tables.
    #[error("{path} was written by a newer ragspan: update this program, or name another file")]
    Newer {
        /// The file that was opened.
        path: PathBuf,
    },
    /// The file can't be opened at all.
    #[error(
        "cannot open {path}: check that its folder exists, is writable, and that it is a database"
    )]
    Open {
        /// The file that was to be opened.
        path: PathBuf,
        /// The error of the database.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The newest records are in a log beside the database, which cannot be read without write access.
    #[error(
        "{log} holds records that can be read only where files can be written: copy both it and {path} to a \
         folder of your own, and read it there"
    )]
    Log {
        /// The file that was to be opened.
        path: PathBuf,
        /// The log beside it.
        log: PathBuf,
    },
    /// The tables can't be created or brought up to date.
    #[error("cannot prepare the tables of {path}: move the file away to begin a new one")]
    Migrate {
        /// The file whose tables were to be prepared.
        path: PathBuf,
        /// The error of the database.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file that guards the preparation of the tables can't be locked.
    #[error(
        "cannot lock {path}: check its folder's permissions, or stop the process that holds it"
    )]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// A statement failed.
    #[error("the database could not {doing}: check the disk, and that no other program holds it")]
    Statement {
        /// The purpose of the statement.
        doing: &'static str,
        /// The error of the database.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A statement took longer than it may.
    #[error(
        "the database took over {limit:?} to {doing}: narrow the query, for example to a shorter time"
    )]
    TooSlow {
        /// The purpose of the statement.
        doing: &'static str,
        /// How long it may take.
        limit: std::time::Duration,
    },
    /// No record answers to this id.
    #[error("nothing recorded for `{asked}`: give a trace, span or request id, or `last`")]
    NotFound {
        /// The id that was asked for.
        asked: String,
    },
    /// The id matches several traces.
    #[error("`{asked}` matches several traces: give one of {}", candidates.join(", "))]
    Ambiguous {
        /// The id that was asked for.
        asked: String,
        /// Some of the traces that it could mean, at most ten.
        candidates: Vec<String>,
    },
}

ragspan_core::debug_as_display!(Error);

/// An error of the driver, in one sentence: the driver's own has its source in its text, so that a chain repeats it.
pub(super) struct Cause(pub(super) sqlx::Error);

ragspan_core::debug_as_display!(Cause);

impl std::error::Error for Cause {}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(error) = self.0.as_database_error() else {
            return self.0.fmt(out);
        };
        out.write_str(error.message())?;
        match error.code() {
            Some(code) => write!(out, " (SQLite's code {code})"),
            None => Ok(()),
        }
    }
}

impl Error {
    pub(super) fn open(path: &Path, source: sqlx::Error) -> Self {
        Self::Open {
            path: path.to_owned(),
            source: Box::new(Cause(source)),
        }
    }

    /// The path is of a folder, which SQLite reports as an error of the disk.
    pub(super) fn folder(path: &Path) -> Self {
        Self::Open {
            path: path.to_owned(),
            source: Box::new(io::Error::from(io::ErrorKind::IsADirectory)),
        }
    }

    pub(super) fn lock(path: &Path, source: io::Error) -> Self {
        Self::Lock {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn migrate(path: &Path, source: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError::VersionMissing;
        let path = path.to_owned();
        match source {
            VersionMissing(_) => Self::Newer { path },
            source => Self::Migrate {
                path,
                source: Box::new(source),
            },
        }
    }

    /// Names what a failed statement was for; to be used with `map_err`.
    pub(super) fn while_doing(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Statement {
            doing,
            source: Box::new(Cause(source)),
        }
    }
}
