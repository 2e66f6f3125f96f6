//! The command `schema`: prints the JSON Schemas of records and of `--json` outputs.

use std::io::Write;

use clap::{Args, ValueEnum};

use super::answer::Answer;
use super::error::Error;

pub(super) const HELP: &str = "Examples:
  ragspan schema > record.schema.json
  ragspan schema stats | jq .required";

/// The arguments of `schema`.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// A record, or the --json output of a command
    #[arg(value_enum, default_value_t)]
    pub of: Document,
}

/// A JSON document that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Document {
    /// A record, and each line of logs, errors and slow
    #[default]
    Record,
    /// The output of trace
    Trace,
    /// The output of why
    Why,
    /// The output of stats
    Stats,
    /// The output of doctor
    Doctor,
    /// The output of demo
    Demo,
    /// The output of config check
    Config,
    /// The output of prices import
    Prices,
}

impl Document {
    /// Returns the JSON Schema.
    #[must_use]
    pub const fn schema(self) -> &'static str {
        match self {
            Self::Record => ragspan::SCHEMA,
            Self::Trace => include_str!("../schemas/trace.json"),
            Self::Why => include_str!("../schemas/why.json"),
            Self::Stats => include_str!("../schemas/stats.json"),
            Self::Doctor => include_str!("../schemas/doctor.json"),
            Self::Demo => include_str!("../schemas/demo.json"),
            Self::Config => include_str!("../schemas/config.json"),
            Self::Prices => include_str!("../schemas/prices.json"),
        }
    }
}

pub(super) fn run(args: &SchemaArgs, out: &mut dyn Write) -> Result<Answer, Error> {
    writeln!(out, "{}", args.of.schema().trim_end())?;
    Ok(Answer::Found)
}
