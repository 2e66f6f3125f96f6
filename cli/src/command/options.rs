//! The options that every command has.

use std::path::PathBuf;

use clap::Args;

/// The options that every command has.
#[derive(Debug, Args)]
pub struct GlobalOptions {
    /// The database; without it the one of RAGSPAN_DB, else ragspan.db
    #[arg(long, global = true, value_name = "PATH")]
    pub db: Option<PathBuf>,
    /// The database of a profile: the one of `RAGSPAN_AT_<NAME>`
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "db")]
    pub at: Option<String>,
    /// Write JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Read and show times in UTC instead of the local zone
    #[arg(long, global = true)]
    pub utc: bool,
}
