//! The subcommands, and the function that runs one.

mod answer;
mod cli;
mod config;
mod context;
mod database;
mod demo;
mod doctor;
mod error;
mod errors;
mod follow;
mod list;
mod logs;
mod monitor;
mod options;
mod prices;
mod profile;
mod schema;
mod shell;
mod slow;
mod stats;
mod trace;
mod when;
mod why;

use std::io::Write;

use clap::CommandFactory as _;

use crate::style::Style;

pub use answer::Answer;
pub use cli::{Cli, Command};
pub use config::{CheckArgs, ConfigArgs, ConfigCommand, InitArgs};
pub use context::RenderContext;
pub use demo::DemoArgs;
pub use doctor::DoctorArgs;
pub use error::{ConfigFailure, Error, PageFailure, PricesFailure, ReversedPeriod, UnknownCommand};
pub use errors::ErrorsArgs;
pub use logs::LogsArgs;
pub use options::GlobalOptions;
pub use prices::{ImportArgs, PricesArgs, PricesCommand};
pub use profile::UnknownProfile;
pub use schema::{Document, SchemaArgs};
pub use shell::{CompletionsArgs, ManArgs};
pub use slow::{Millis, SlowArgs, UnknownDuration};
pub use stats::{By, StatsArgs};
pub use trace::TraceArgs;
pub use when::{UnknownTime, When};
pub use why::WhyArgs;

pub use crate::demo::DemoError;

/// Runs the command `cli` and writes its output to `out` in `style`, with the current time and the system's time zone.
///
/// # Errors
/// If the database cannot be opened or read, the id is ambiguous, or `out` cannot be written to.
pub async fn run(cli: &Cli, out: &mut dyn Write, style: &Style) -> Result<Answer, Error> {
    run_in(cli, out, &RenderContext::now(style, cli.options.utc)).await
}

/// Runs the command `cli` as [`run`] does, with the style, time and zone of `context`.
///
/// # Errors
/// As [`run`].
pub async fn run_in(
    cli: &Cli,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    let options = &cli.options;
    let answer = match &cli.command {
        Command::Trace(args) => trace::run(args, options, out, context).await,
        Command::Why(args) => why::run(args, options, out, context).await,
        Command::Logs(args) => logs::run(args, options, out, context).await,
        Command::Errors(args) => errors::run(args, options, out, context).await,
        Command::Slow(args) => slow::run(args, options, out, context).await,
        Command::Stats(args) => stats::run(args, options, out, context).await,
        Command::Doctor(args) => doctor::run(args, options, out, context).await,
        Command::Config(args) => config::run(args, options, out, context),
        Command::Prices(args) => prices::run(args, options, out, context),
        Command::Demo(args) => demo::run(args, options, out, context).await,
        Command::Schema(args) => schema::run(args, out),
        Command::Completions(args) => shell::completions(args, Cli::command(), out),
        Command::Man(args) => shell::man(args, Cli::command(), out),
    };
    out.flush()?;
    answer
}

#[cfg(test)]
mod tests;
