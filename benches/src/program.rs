//! Parses the command line and runs the subcommand.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::measure::Task;
use crate::surrounding::Surrounding;
use crate::variant::Variant;
use crate::{compare, one, redact, surrounding, surroundings};

/// Runs the subcommand of the command line; prints an error to standard error.
#[must_use]
pub fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // A closed standard error is ignored.
            let _printed = writeln!(std::io::stderr(), "calls: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(command: &Command) -> Result<bool, Box<dyn Error>> {
    match *command {
        Command::Redact { quick, json } => redact::all(quick, json),
        Command::RedactOne { ref kind } => {
            writeln!(std::io::stdout(), "{}", redact::one(kind)?)?;
            Ok(true)
        }
        Command::All { quick, json } => compare::all(quick, json),
        Command::Context { quick, json } => surroundings::all(quick, json),
        Command::Surrounding { surrounding, marks } => surrounding_alone(surrounding, marks),
        Command::List => list(),
        Command::One {
            variant,
            batches,
            calls,
            marks,
        } => {
            let time = Task::Time { batches, calls };
            print(variant, if marks { Task::Marks } else { time })
        }
    }
}

fn list() -> Result<bool, Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for variant in Variant::all() {
        writeln!(out, "{variant}")?;
    }
    Ok(true)
}

fn surrounding_alone(surrounding: Surrounding, marks: bool) -> Result<bool, Box<dyn Error>> {
    let task = if marks {
        Task::Marks
    } else {
        surroundings::TIME
    };
    let report = surrounding::measure(surrounding, task)?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&report)?)?;
    Ok(true)
}

fn print(variant: Variant, task: Task) -> Result<bool, Box<dyn Error>> {
    let report = one::measure(variant, task)?;
    let line = serde_json::to_string(&report)?;
    writeln!(std::io::stdout(), "{line}")?;
    Ok(true)
}
