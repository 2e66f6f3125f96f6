//! What the programs do with their command line.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::measure::Task;
use crate::scene::Scene;
use crate::variant::Variant;
use crate::{around, compare, one, redact, scene};

/// Does what the command line says; an error is told on standard error.
#[must_use]
pub fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Where standard error is closed there is nobody to tell.
            let _told = writeln!(std::io::stderr(), "ruler: {error}");
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
        Command::Context { quick, json } => around::all(quick, json),
        Command::Scene { scene, marks } => scene_alone(scene, marks),
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

fn scene_alone(scene: Scene, marks: bool) -> Result<bool, Box<dyn Error>> {
    let task = if marks { Task::Marks } else { around::TIME };
    let report = scene::measure(scene, task)?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&report)?)?;
    Ok(true)
}

fn print(variant: Variant, task: Task) -> Result<bool, Box<dyn Error>> {
    let report = one::measure(variant, task)?;
    let line = serde_json::to_string(&report)?;
    writeln!(std::io::stdout(), "{line}")?;
    Ok(true)
}
