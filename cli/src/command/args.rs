//! What may be said on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::demo::DemoArgs;
use super::doctor::DoctorArgs;
use super::errors::ErrorsArgs;
use super::logs::LogsArgs;
use super::schema::SchemaArgs;
use super::shell::{CompletionsArgs, ManArgs};
use super::slow::SlowArgs;
use super::stats::StatsArgs;
use super::trace::TraceArgs;
use super::why::WhyArgs;

/// Asks a ragspan database what happened.
#[derive(Debug, Parser)]
#[command(name = "ragspan", version, after_help = AFTER_HELP)]
pub struct Cli {
    /// The database; without it the one of RAGSPAN_DB, else ragspan.db
    #[arg(long, global = true, value_name = "PATH")]
    pub db: Option<PathBuf>,
    /// A database with a name: the one of `RAGSPAN_AT_<NAME>`
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "db")]
    pub at: Option<String>,
    /// Write JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Read and show times in UTC instead of the local zone
    #[arg(long, global = true)]
    pub utc: bool,
    /// What is asked.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str =
    "Exit codes: 0 found, 1 nothing found or a check failed, 2 wrong usage or no database.

Examples:
  ragspan demo                       # no database yet? this writes one
  ragspan errors --user ada --since 24h
  ragspan why last-error
  ragspan --db ragspan-demo.db logs --level warning";

/// The questions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show one request as a waterfall: what ran, for how long, and where it broke
    #[command(after_help = super::trace::HELP)]
    Trace(TraceArgs),
    /// Say why a request went wrong: where it broke, what was unusual, what else failed then
    #[command(after_help = super::why::HELP)]
    Why(WhyArgs),
    /// List records, the newest last
    #[command(after_help = super::logs::HELP)]
    Logs(LogsArgs),
    /// List failures, the newest last
    #[command(after_help = super::errors::HELP)]
    Errors(ErrorsArgs),
    /// List the slowest requests or operations, the slowest first
    #[command(after_help = super::slow::HELP)]
    Slow(SlowArgs),
    /// Sum up calls: how many, how they ended, how long they took, what they cost
    #[command(after_help = super::stats::HELP)]
    Stats(StatsArgs),
    /// Check the database, the configuration, the terminal and the service's metrics
    #[command(after_help = super::doctor::HELP)]
    Doctor(DoctorArgs),
    /// Check the configuration file, or write one to begin with
    #[command(after_help = super::config::HELP)]
    Config(super::config::ConfigArgs),
    /// Make the table of what models cost from a price list
    #[command(after_help = super::prices::HELP)]
    Prices(super::prices::PricesArgs),
    /// Write a database with realistic, failing traffic to try the other commands on
    #[command(after_help = super::demo::HELP)]
    Demo(DemoArgs),
    /// Print the JSON Schema of a record, or of what a command writes with --json
    #[command(after_help = super::schema::HELP)]
    Schema(SchemaArgs),
    /// Print what a shell needs to complete this command
    #[command(after_help = super::shell::COMPLETIONS_HELP)]
    Completions(CompletionsArgs),
    /// Print the manual page of this command, or of one of its commands
    #[command(after_help = super::shell::MAN_HELP)]
    Man(ManArgs),
}
