//! The errors of the commands.

use std::io;
use std::path::PathBuf;

use ragspan::config::ConfigError;
use ragspan::prices::PricesError;
use ragspan_store::Error as StoreError;

use super::profile::UnknownProfile;
use crate::demo::DemoError;

/// The reason why a command failed.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database cannot be opened or read, or the id is ambiguous.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No time is between `--since` and `--until`.
    #[error(transparent)]
    Period(#[from] ReversedPeriod),
    /// The configuration cannot be shown or written.
    #[error(transparent)]
    Config(#[from] ConfigFailure),
    /// The price table cannot be written.
    #[error(transparent)]
    Prices(#[from] PricesFailure),
    /// No profile has the name given by `--at`.
    #[error(transparent)]
    Profile(#[from] UnknownProfile),
    /// `demo` was called with `--at`.
    #[error("--at names a database of real records: name a new file with --db")]
    DemoProfile,
    /// The demonstration cannot be written.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The HTML page of a trace cannot be written.
    #[error(transparent)]
    Page(#[from] PageFailure),
    /// No command has the name given to `man`.
    #[error(transparent)]
    Command(#[from] UnknownCommand),
    /// The output cannot be written.
    #[error("cannot write the output: check where it is sent")]
    Output(#[from] io::Error),
}

ragspan_core::debug_as_display!(Error);

/// The period from `--since` to `--until` is empty.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "--since ({since} {zone}) is not before --until ({until} {zone}): give an earlier --since or a later --until"
)]
pub struct ReversedPeriod {
    pub(super) since: String,
    pub(super) until: String,
    pub(super) zone: &'static str,
}

ragspan_core::debug_as_display!(ReversedPeriod);

/// The reason why a configuration was not shown or written.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFailure {
    /// The file cannot be read.
    #[error(transparent)]
    Unreadable(ConfigError),
    /// The configuration is invalid; its problems were listed on the output.
    #[error("{file} has {count} to fix: see above", count = problems(*count))]
    Invalid {
        /// The file, or `the environment`.
        file: String,
        /// The number of problems that were listed.
        count: usize,
    },
    /// The file exists.
    #[error("{} exists: name another file, or overwrite it with --force", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}: check the folder", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

ragspan_core::debug_as_display!(ConfigFailure);

fn problems(count: usize) -> String {
    if count == 1 {
        "a problem".to_owned()
    } else {
        format!("{count} problems")
    }
}

/// The reason why a price table was not written.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PricesFailure {
    /// The price list cannot be read.
    #[error("cannot read {}: check that it exists, may be read, and is text of at most 64 MiB", path.display())]
    Unreadable {
        /// The list.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The price list is invalid.
    #[error("{}: {reason}", path.display())]
    Invalid {
        /// The list.
        path: PathBuf,
        /// The problem and its position in the list.
        reason: PricesError,
    },
    /// The table exists.
    #[error("{} exists: name another file with --out, or overwrite it with --force", path.display())]
    Exists {
        /// The table.
        path: PathBuf,
    },
    /// The table cannot be written.
    #[error("cannot write {}: check the folder", path.display())]
    Unwritable {
        /// The table.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

ragspan_core::debug_as_display!(PricesFailure);

/// The HTML page of a trace cannot be written.
#[derive(thiserror::Error)]
#[error("cannot write {}: name a file in a folder that exists, or `-`", path.display())]
pub struct PageFailure {
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

ragspan_core::debug_as_display!(PageFailure);

/// No command has this name.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("no command `{0}`: `ragspan --help` lists them")]
pub struct UnknownCommand(pub(super) String);

ragspan_core::debug_as_display!(UnknownCommand);

#[cfg(test)]
mod tests {
    use super::*;

    /// `?` in `main` and `unwrap` print `Debug`.
    #[test]
    fn an_error_is_printed_by_its_display_everywhere() {
        let period = ReversedPeriod {
            since: "2026-11-23 10:00:00".into(),
            until: "2026-11-23 09:00:00".into(),
            zone: "UTC",
        };
        let path = PathBuf::from("x");
        let errors = [
            Error::from(period),
            Error::from(UnknownCommand("lops".into())),
            Error::from(StoreError::Missing { path: path.clone() }),
            Error::from(ConfigFailure::Exists { path: path.clone() }),
            Error::from(PricesFailure::Exists { path: path.clone() }),
            Error::from(DemoError::Exists(path)),
            Error::DemoProfile,
        ];
        for error in errors {
            assert_eq!(format!("{error:?}"), error.to_string());
        }
    }
}
