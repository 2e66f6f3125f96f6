//! Carries out the command: reads from the store, and writes text or JSON.

mod args;
mod config;
mod demo;
mod doctor;
mod errors;
mod follow;
mod list;
mod logs;
mod place;
mod prices;
mod scene;
mod schema;
mod shell;
mod slow;
mod stats;
mod trace;
mod watch;
mod when;
mod why;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use ragspan_store::{Error as StoreError, Reader, StoredRecord};

use crate::style::Style;

pub use args::{Cli, Command};
pub use config::{CheckArgs, ConfigArgs, ConfigCommand, ConfigFailure, InitArgs};
pub use demo::{DemoArgs, DemoError};
pub use doctor::DoctorArgs;
pub use errors::ErrorsArgs;
pub use logs::LogsArgs;
pub use place::UnknownPlace;
pub use prices::{ImportArgs, PricesArgs, PricesCommand, PricesFailure};
pub use scene::Scene;
pub use schema::{Document, SchemaArgs};
pub use shell::{CompletionsArgs, ManArgs, UnknownCommand};
pub use slow::{Millis, SlowArgs, UnknownDuration};
pub use stats::{By, StatsArgs};
pub use trace::{PageFailure, TraceArgs};
pub use when::{UnknownTime, When};
pub use why::WhyArgs;

/// Whether there was anything to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// There was.
    Found,
    /// The question was a good one, but nothing answers to it.
    Nothing,
    /// There was, and it tells of something that needs a hand.
    Trouble,
}

/// Why a question could not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The configuration could not be shown or written.
    #[error(transparent)]
    Config(#[from] ConfigFailure),
    /// The table of prices could not be made.
    #[error(transparent)]
    Prices(#[from] PricesFailure),
    /// No database has this name.
    #[error(transparent)]
    Place(#[from] UnknownPlace),
    /// The demonstration could not be written.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The page of a trace could not be written.
    #[error(transparent)]
    Page(#[from] PageFailure),
    /// There is no such command.
    #[error(transparent)]
    Command(#[from] UnknownCommand),
    /// The output could not be written.
    #[error("cannot write the output: check where it is sent")]
    Output(#[from] io::Error),
}

/// Answers `cli` on `out`, in the look of `style`, here and now.
///
/// # Errors
/// If the database can't be opened or read, the id is ambiguous, or `out` can't be written to.
pub async fn run(cli: &Cli, out: &mut dyn Write, style: &Style) -> Result<Answer, Error> {
    run_in(cli, out, &Scene::now(style, cli.utc)).await
}

/// Answers `cli` on `out`, in the circumstances of `scene`.
///
/// # Errors
/// As [`run`].
pub async fn run_in(cli: &Cli, out: &mut dyn Write, scene: &Scene) -> Result<Answer, Error> {
    let answer = match &cli.command {
        Command::Trace(args) => trace::run(args, cli, out, scene).await,
        Command::Why(args) => why::run(args, cli, out, scene).await,
        Command::Logs(args) => logs::run(args, cli, out, scene).await,
        Command::Errors(args) => errors::run(args, cli, out, scene).await,
        Command::Slow(args) => slow::run(args, cli, out, scene).await,
        Command::Stats(args) => stats::run(args, cli, out, scene).await,
        Command::Doctor(args) => doctor::run(args, cli, out, scene).await,
        Command::Config(args) => config::run(args, cli.json, out, &scene.style),
        Command::Prices(args) => prices::run(args, cli.json, out, scene),
        Command::Demo(args) => demo::run(args, cli, out, scene).await,
        Command::Schema(args) => schema::run(args, out),
        Command::Completions(args) => shell::completions(args, out),
        Command::Man(args) => shell::man(args, out),
    };
    out.flush()?;
    answer
}

/// A question that takes longer is ended: it would hold back the database's clean-up.
const PATIENCE: Duration = Duration::from_secs(30);

async fn open(cli: &Cli) -> Result<Reader, Error> {
    Ok(Reader::open_within(&database(cli)?, PATIENCE).await?)
}

fn database(cli: &Cli) -> Result<PathBuf, Error> {
    let variables = place::variables();
    Ok(place::database(
        cli.db.as_ref(),
        cli.at.as_deref(),
        &variables,
    )?)
}

const fn answer(records: &[StoredRecord]) -> Answer {
    if records.is_empty() {
        Answer::Nothing
    } else {
        Answer::Found
    }
}

#[cfg(test)]
mod tests;
