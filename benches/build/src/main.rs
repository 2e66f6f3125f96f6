//! Measures the build time of annotations: one crate of 300 functions with none, with tracing's and with ragspan's.
//!
//! `scripts/bench build` builds and runs it.

mod compare;
mod cost;
mod generate;
mod table;
mod variant;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Measure the build time of annotations.
#[derive(Debug, Parser)]
#[command(name = "build-cost")]
struct Arguments {
    /// Where the crates are generated and built.
    work: PathBuf,
    /// How often each build is measured; the best counts.
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// Measure once.
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
    /// The figures as JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // A closed standard error is ignored.
            let _printed = writeln!(io::stderr(), "build-cost: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let rounds = if arguments.quick { 1 } else { arguments.rounds };
    let comparison = compare::all(&arguments.work, rounds)?;
    let shown = if arguments.json {
        serde_json::to_string_pretty(&comparison)?
    } else {
        table::text(&comparison)
    };
    writeln!(io::stdout(), "{shown}")?;
    Ok(comparison.holds())
}
