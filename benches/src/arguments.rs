//! The command line of both programs.

use clap::{Parser, Subcommand};

use crate::surrounding::Surrounding;
use crate::variant::Variant;

/// Measure one annotated call beside its peers.
#[derive(Debug, Parser)]
#[command(name = "calls")]
pub struct Arguments {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommand.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Measure all variants, each in processes of its own, and print one table.
    All {
        /// Fewer variants and calls, done within a minute: to see that it works and that the promise holds.
        #[arg(long)]
        quick: bool,
        /// The figures as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Measure what a call costs with more around it: depth, open spans, scopes, tasks.
    Context {
        /// Without the million of open spans, done within a minute.
        #[arg(long)]
        quick: bool,
        /// The figures as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Measure what it costs to look for secrets in records.
    Redact {
        /// Fewer rounds.
        #[arg(long)]
        quick: bool,
        /// The figures as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Measure that in this process, `off`, `on` or with a `hit` in each record, and print nanoseconds a record.
    RedactOne {
        /// The content of the records.
        kind: String,
    },
    /// Measure one of these in this process, and print a line of JSON.
    Surrounding {
        /// Its name.
        surrounding: Surrounding,
        /// Run what callgrind counts, between marks; other figures are left out.
        #[arg(long)]
        marks: bool,
    },
    /// Print the names of the variants.
    List,
    /// Measure one variant in this process, and print a line of JSON.
    One {
        /// Its name.
        variant: Variant,
        /// How many batches of calls.
        #[arg(long, default_value_t = 50)]
        batches: u64,
        /// How many calls a batch has.
        #[arg(long, default_value_t = 1000)]
        calls: u64,
        /// Run what callgrind counts, between marks; other figures are left out.
        #[arg(long, conflicts_with_all = ["batches", "calls"])]
        marks: bool,
    },
}
