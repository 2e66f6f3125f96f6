//! Carries out the command: reads from the store, and writes text or JSON.

mod args;
mod list;
mod since;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use ragspan::store::{Error as StoreError, ErrorFilter, LogFilter, Reader, Stored};

use crate::style::Style;
use crate::text::safe;
use crate::{html, waterfall};

pub use args::{Cli, Command, ErrorsArgs, LogsArgs, TraceArgs};
pub use since::{Since, UnknownTime};

/// Whether there was anything to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// There was.
    Found,
    /// The question was a good one, but nothing answers to it.
    Nothing,
}

/// Why a question could not be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output could not be written.
    #[error("cannot write the output: check where it is sent")]
    Output(#[from] io::Error),
    /// The page could not be written.
    #[error("cannot write {}: name a file in a folder that exists, or `-`", path.display())]
    Page {
        /// Where it should have gone.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Answers `cli` on `out`, in the look of `style`.
///
/// # Errors
/// If the database can't be opened or read, the id is ambiguous, or `out` can't be written to.
pub async fn run(cli: &Cli, out: &mut dyn Write, style: &Style) -> Result<Answer, Error> {
    let answer = match &cli.command {
        Command::Trace(args) => trace(args, cli, out, style).await,
        Command::Logs(args) => logs(args, cli, out, style).await,
        Command::Errors(args) => errors(args, cli, out, style).await,
        Command::Schema => schema(out),
    };
    out.flush()?;
    answer
}

fn schema(out: &mut dyn Write) -> Result<Answer, Error> {
    writeln!(out, "{}", ragspan::SCHEMA.trim_end())?;
    Ok(Answer::Found)
}

async fn trace(
    args: &TraceArgs,
    cli: &Cli,
    out: &mut dyn Write,
    style: &Style,
) -> Result<Answer, Error> {
    let mut reader = open(&cli.db).await?;
    let trace = reader.resolve_trace(&args.id).await?;
    let records = reader.trace(&trace.trace_id).await?;
    if let Some(file) = &args.html {
        page(&html::page(&records), file, out)?;
    } else if cli.json {
        list::trace_json(&trace.trace_id, &records, out)?;
    } else {
        out.write_all(waterfall::render_as(&records, &args.view(), style).as_bytes())?;
    }
    Ok(answer(&records))
}

/// `-` is where all other output goes.
fn page(page: &str, file: &Path, out: &mut dyn Write) -> Result<(), Error> {
    if file == Path::new("-") {
        return Ok(out.write_all(page.as_bytes())?);
    }
    let unwritable = |source| Error::Page {
        path: file.to_owned(),
        source,
    };
    std::fs::write(file, page).map_err(unwritable)?;
    Ok(writeln!(
        out,
        "wrote {}",
        safe(&file.display().to_string())
    )?)
}

async fn logs(
    args: &LogsArgs,
    cli: &Cli,
    out: &mut dyn Write,
    style: &Style,
) -> Result<Answer, Error> {
    let mut reader = open(&cli.db).await?;
    let filter = LogFilter {
        level: args.level,
        user: args.user.clone(),
        request: args.request.clone(),
        trace: whole_id(args.trace.as_deref(), &mut reader).await?,
        layer: args.layer.clone(),
        kind: None,
        since_us: since_us(args.since),
        limit: Some(args.limit),
    };
    let records = reader.logs(&filter).await?;
    if cli.json {
        list::json_lines(&records, out)?;
    } else {
        out.write_all(list::logs(&records, style, &today()).as_bytes())?;
    }
    Ok(answer(&records))
}

async fn errors(
    args: &ErrorsArgs,
    cli: &Cli,
    out: &mut dyn Write,
    style: &Style,
) -> Result<Answer, Error> {
    let mut reader = open(&cli.db).await?;
    let filter = ErrorFilter {
        user: args.user.clone(),
        since_us: since_us(args.since),
        limit: Some(args.limit),
    };
    let records = reader.errors(&filter).await?;
    if cli.json {
        list::json_lines(&records, out)?;
    } else {
        out.write_all(list::errors(&records, style, &today()).as_bytes())?;
    }
    Ok(answer(&records))
}

async fn open(db: &Path) -> Result<Reader, Error> {
    Ok(Reader::open(db).await?)
}

/// The whole id of the trace that is named in any form.
async fn whole_id(asked: Option<&str>, reader: &mut Reader) -> Result<Option<String>, Error> {
    match asked {
        Some(asked) => Ok(Some(reader.resolve_trace(asked).await?.trace_id)),
        None => Ok(None),
    }
}

const fn answer(records: &[Stored]) -> Answer {
    if records.is_empty() {
        Answer::Nothing
    } else {
        Answer::Found
    }
}

fn since_us(since: Option<Since>) -> Option<i64> {
    since.map(|since| since.micros(Timestamp::now().as_microsecond()))
}

/// The date in UTC, as records begin with it.
fn today() -> String {
    Timestamp::now().to_string().chars().take(10).collect()
}
