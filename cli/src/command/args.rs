//! What may be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use ragspan::Level;

use super::since::Since;
use crate::waterfall::View;

/// Asks a ragspan database what happened.
#[derive(Debug, Parser)]
#[command(name = "ragspan", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// The database
    #[arg(
        long,
        global = true,
        value_name = "PATH",
        env = "RAGSPAN_DB",
        default_value = "ragspan.db"
    )]
    pub db: PathBuf,
    /// Write JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// What is asked.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 found, 1 nothing found, 2 wrong usage or no database.

Examples:
  ragspan errors --user ada --since 24h
  ragspan trace last
  ragspan --db /var/lib/app/ragspan.db logs --level warning";

/// The questions.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show one request as a waterfall: what ran, for how long, and where it broke
    #[command(after_help = TRACE_HELP)]
    Trace(TraceArgs),
    /// List records, the newest last
    #[command(after_help = LOGS_HELP)]
    Logs(LogsArgs),
    /// List failures, the newest last
    #[command(after_help = ERRORS_HELP)]
    Errors(ErrorsArgs),
    /// Print the JSON Schema of a record
    #[command(after_help = "Example:\n  ragspan schema > record.schema.json")]
    Schema,
}

const TRACE_HELP: &str =
    "With --json: one object {\"trace_id\", \"records\": [..]}, the records in \
the order in which spans began and events happened, each with its eighteen keys.

Examples:
  ragspan trace last
  ragspan trace 01a2073ad001-b04c9e --events
  ragspan trace last --slowest 5
  ragspan trace 01a2073ad001-b04c9e --html incident.html
  ragspan trace req-2025-12-03-001 --json | jq .records[0]";

const LOGS_HELP: &str = "With --json: one record a line (JSON Lines), each with its eighteen keys.

Examples:
  ragspan logs --level warning --since 1h
  ragspan logs --layer retrieval --user ada --json | jq .metrics.duration_ms";

const ERRORS_HELP: &str =
    "With --json: one record a line (JSON Lines), each with its eighteen keys.

Examples:
  ragspan errors --user ada
  ragspan errors --since 24h --limit 10 --json | jq .error.type";

/// Which trace, and how much of it.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// A trace id (UUID, 32 hex digits, short form, or the beginning of one), a span id, a request
    /// id, a traceparent, or `last`
    pub id: String,
    /// Also list what was said in each span
    #[arg(long)]
    pub events: bool,
    /// Show every span; a large trace is folded to a screen or two otherwise
    #[arg(long, conflicts_with_all = ["depth", "slowest"])]
    pub all: bool,
    /// Open so many levels and no more
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub depth: Option<u32>,
    /// Open only the ways to the N spans that took the most time themselves
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub slowest: Option<u32>,
    /// Write one HTML page, which needs nothing else, to attach to an incident; `-` is standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "events", "all", "depth", "slowest"])]
    pub html: Option<PathBuf>,
}

impl TraceArgs {
    /// How much of the trace is asked for.
    #[must_use]
    pub fn view(&self) -> View {
        let size = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        View {
            events: self.events,
            all: self.all,
            depth: self.depth.map(size),
            slowest: self.slowest.map(size),
        }
    }
}

/// Which records.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Only this level and above: trace, debug, info, warning, error, critical
    #[arg(long)]
    pub level: Option<Level>,
    /// Only this user's
    #[arg(long)]
    pub user: Option<String>,
    /// Only of this request id
    #[arg(long, value_name = "ID")]
    pub request: Option<String>,
    /// Only of this trace, named as for `ragspan trace`
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// Only of this layer, such as retrieval
    #[arg(long)]
    pub layer: Option<String>,
    /// Only since then: 30s, 15m, 24h, 7d, 2w ago, or a date or time in UTC
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Since>,
    /// At most so many, the newest of them
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// Which failures.
#[derive(Debug, Args)]
pub struct ErrorsArgs {
    /// Only this user's
    #[arg(long)]
    pub user: Option<String>,
    /// Only since then: 30s, 15m, 24h, 7d, 2w ago, or a date or time in UTC
    #[arg(long, value_name = "WHEN")]
    pub since: Option<Since>,
    /// At most so many, the newest of them
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}
