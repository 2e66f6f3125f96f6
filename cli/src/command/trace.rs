//! The command `trace`: shows one request as a waterfall, as JSON, or as an HTML page.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::html;
use crate::text::safe;
use crate::waterfall::{self, View};

use super::answer::Answer;
use super::context::RenderContext;
use super::database::open;
use super::error::{Error, PageFailure};
use super::list;
use super::options::GlobalOptions;

pub(super) const HELP: &str =
    "With --json: one object {\"trace_id\", \"records\": [..]}, the records in \
the order in which spans began and events happened, each with its eighteen keys.

Examples:
  ragspan trace last
  ragspan trace last-error --events
  ragspan trace last --slowest 5
  ragspan trace last-error --html incident.html
  ragspan trace last --json | jq .records[0]";

/// The arguments of `trace`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// A trace id (UUID, 32 hex digits, short form, or the beginning of one), a span id, a request
    /// id, a traceparent, `last`, or `last-error`
    pub id: String,
    /// Also list the events of each span
    #[arg(long)]
    pub events: bool,
    /// Show every span; a large trace is folded to a screen or two otherwise
    #[arg(long, conflicts_with_all = ["depth", "slowest"])]
    pub all: bool,
    /// Open this many levels
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub depth: Option<u32>,
    /// Open only the paths to the N spans with the most time of their own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub slowest: Option<u32>,
    /// Write a self-contained HTML page, to attach to an incident; `-` is standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "events", "all", "depth", "slowest"])]
    pub html: Option<PathBuf>,
}

impl TraceArgs {
    /// Returns how much of the trace is shown.
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

pub(super) async fn run(
    args: &TraceArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    let mut reader = open(options).await?;
    let trace = reader.resolve_trace(&args.id).await?;
    let records = reader.trace(&trace.trace_id).await?;
    if let Some(file) = &args.html {
        write(&html::page(&records), file, out)?;
    } else if options.json {
        list::trace_json(&trace.trace_id, &records, out)?;
    } else {
        let text = waterfall::render_as(&records, &args.view(), &context.style);
        out.write_all(text.as_bytes())?;
    }
    Ok(Answer::of(&records))
}

/// Writes the page to `file`, or to `out` if that is `-`.
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
