//! The command line: the options of every command, and the commands.

use clap::{Parser, Subcommand};

use super::config::{self, ConfigArgs};
use super::demo::{self, DemoArgs};
use super::doctor::{self, DoctorArgs};
use super::errors::{self, ErrorsArgs};
use super::logs::{self, LogsArgs};
use super::options::GlobalOptions;
use super::prices::{self, PricesArgs};
use super::schema::{self, SchemaArgs};
use super::shell::{self, CompletionsArgs, ManArgs};
use super::slow::{self, SlowArgs};
use super::stats::{self, StatsArgs};
use super::trace::{self, TraceArgs};
use super::why::{self, WhyArgs};
use crate::style::Style;

/// Queries a ragspan database.
#[derive(Debug, Parser)]
#[command(name = "ragspan", version, after_help = AFTER_HELP, term_width = help_width())]
pub struct Cli {
    /// The options that every command has.
    #[command(flatten)]
    pub options: GlobalOptions,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Returns the width of help texts: that of the terminal as of all other output.
fn help_width() -> usize {
    Style::of(&std::io::stdout()).width
}

const AFTER_HELP: &str =
    "Exit codes: 0 found, 1 nothing found or a check failed, 2 wrong usage, or a file that
cannot be read or written. COLUMNS sets the width of the output, also in a pipe.

Examples:
  ragspan demo                       # no database yet? this writes one
  ragspan errors --user ada --since 24h
  ragspan why last-error
  ragspan --db ragspan-demo.db logs --level warning";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show one request as a waterfall: its calls, their durations, and where it failed
    #[command(after_help = trace::HELP)]
    Trace(TraceArgs),
    /// Explain why a request failed: where, what was unusual, and what else failed in that minute
    #[command(after_help = why::HELP)]
    Why(WhyArgs),
    /// List records, the newest last
    #[command(after_help = logs::HELP)]
    Logs(LogsArgs),
    /// List failures, the newest last
    #[command(after_help = errors::HELP)]
    Errors(ErrorsArgs),
    /// List the slowest requests or operations, the slowest first
    #[command(after_help = slow::HELP)]
    Slow(SlowArgs),
    /// Aggregate calls: counts, errors, latency percentiles, tokens and cost
    #[command(after_help = stats::HELP)]
    Stats(StatsArgs),
    /// Check the database, the configuration, the terminal and the service's metrics
    #[command(after_help = doctor::HELP)]
    Doctor(DoctorArgs),
    /// Check the configuration file, or write one to begin with
    #[command(after_help = config::HELP)]
    Config(ConfigArgs),
    /// Convert a price list of models to a price table
    #[command(after_help = prices::HELP)]
    Prices(PricesArgs),
    /// Write a database with realistic, failing traffic to try the other commands on
    #[command(after_help = demo::HELP)]
    Demo(DemoArgs),
    /// Print the JSON Schema of a record, or of the --json output of a command
    #[command(after_help = schema::HELP)]
    Schema(SchemaArgs),
    /// Print the completions of this command for a shell
    #[command(after_help = shell::COMPLETIONS_HELP)]
    Completions(CompletionsArgs),
    /// Print the manual page of this command, or of one of its commands
    #[command(after_help = shell::MAN_HELP)]
    Man(ManArgs),
}
