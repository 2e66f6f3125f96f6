//! One request: as a waterfall, as JSON, or as a page to pass on.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::html;
use crate::text::safe;
use crate::waterfall::{self, View};

use super::scene::Scene;
use super::{Answer, Cli, Error, answer, list, open};

pub(super) const HELP: &str =
    "With --json: one object {\"trace_id\", \"records\": [..]}, the records in \
the order in which spans began and events happened, each with its eighteen keys.

Examples:
  ragspan trace last
  ragspan trace last-error --events
  ragspan trace last --slowest 5
  ragspan trace last-error --html incident.html
  ragspan trace last --json | jq .records[0]";

/// Which trace, and how much of it.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// A trace id (UUID, 32 hex digits, short form, or the beginning of one), a span id, a request
    /// id, a traceparent, `last`, or `last-error`
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

/// The page could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: name a file in a folder that exists, or `-`", path.display())]
pub struct PageFailure {
    path: PathBuf,
    source: io::Error,
}

pub(super) async fn run(
    args: &TraceArgs,
    cli: &Cli,
    out: &mut dyn Write,
    scene: &Scene,
) -> Result<Answer, Error> {
    let mut reader = open(cli).await?;
    let trace = reader.resolve_trace(&args.id).await?;
    let records = reader.trace(&trace.trace_id).await?;
    if let Some(file) = &args.html {
        write(&html::page(&records), file, out)?;
    } else if cli.json {
        list::trace_json(&trace.trace_id, &records, out)?;
    } else {
        let text = waterfall::render_as(&records, &args.view(), &scene.style);
        out.write_all(text.as_bytes())?;
    }
    Ok(answer(&records))
}

/// `-` is where all other output goes.
fn write(page: &str, file: &Path, out: &mut dyn Write) -> Result<(), Error> {
    if file == Path::new("-") {
        return Ok(out.write_all(page.as_bytes())?);
    }
    let failure = |source| PageFailure {
        path: file.to_owned(),
        source,
    };
    std::fs::write(file, page).map_err(failure)?;
    Ok(writeln!(
        out,
        "wrote {}",
        safe(&file.display().to_string())
    )?)
}
