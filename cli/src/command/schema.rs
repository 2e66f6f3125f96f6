//! The command `schema`: prints the JSON Schemas of what is written.

use std::io::Write;

use clap::{Args, ValueEnum};

use super::{Answer, Error};

pub(super) const HELP: &str = "Examples:
  ragspan schema > record.schema.json
  ragspan schema stats | jq .required";

/// Of what.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// A record, or what a command writes with --json
    #[arg(value_enum, default_value_t)]
    pub of: Document,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Document {
    /// A record, and each line of logs, errors and slow
    #[default]
    Record,
    /// What trace writes
    Trace,
    /// What why writes
    Why,
    /// What stats writes
    Stats,
    /// What doctor writes
    Doctor,
    /// What demo writes
    Demo,
    /// What config check writes
    Config,
    /// What prices import writes
    Prices,
}

impl Document {
    /// The JSON Schema.
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
