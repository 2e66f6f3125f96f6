//! The command `demo`: writes a database to try the other commands on.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::answer::Answer;
use super::context::RenderContext;
use super::error::Error;
use super::options::GlobalOptions;
use crate::demo::{self, Written};
use crate::format::number;

pub(super) const HELP: &str = "A database that exists is left alone.
With --json: one object; its schema is printed by `ragspan schema demo`.

Examples:
  ragspan demo
  ragspan demo --seed 7 --requests 50 --db day.db";

/// The arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The database to write
    // Replaces the option of all commands: simulated records must not mix with the real ones of the environment's database.
    #[arg(long, value_name = "PATH", default_value = "ragspan-demo.db")]
    pub db: PathBuf,
    /// Refused: a profile names a database of real records
    #[arg(long, value_name = "NAME", hide = true)]
    pub at: Option<String>,
    /// The seed; the same seed gives the same traffic
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The number of requests, spread over the last 24 hours
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub requests: u32,
}

pub(super) async fn run(
    args: &DemoArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    if options.at.is_some() || args.at.is_some() {
        return Err(Error::DemoProfile);
    }
    let path = &args.db;
    let now = context.now.as_microsecond().max(0).unsigned_abs();
    let written = demo::write(path, args.seed, args.requests, now).await?;
    if options.json {
        write_json(path, args.seed, &written, out)?;
    } else {
        write_text(path, &written, out)?;
    }
    Ok(Answer::Found)
}

fn write_json(path: &Path, seed: u64, written: &Written, out: &mut dyn Write) -> io::Result<()> {
    let value = json!({
        "database": path.display().to_string(),
        "seed": seed,
        "requests": written.requests,
        "failed": written.failed,
        "records": written.records,
    });
    writeln!(out, "{value}")
}

#[expect(clippy::cast_precision_loss, reason = "at most some millions")]
fn write_text(path: &Path, written: &Written, out: &mut dyn Write) -> io::Result<()> {
    let [records, requests, failed] =
        [written.records, written.requests, written.failed].map(|count| number(count as f64));
    let db = crate::text::safe(&path.display().to_string());
    writeln!(
        out,
        "wrote {records} records of {requests} requests, {failed} of them failed, to {db}. Try:

  export RAGSPAN_DB={db}
  ragspan stats                     # calls, errors and latency of each layer
  ragspan errors --user ada         # the failures of one user
  ragspan why last-error            # the cause, and other failures of that minute
  ragspan trace last                # one request as a waterfall
  ragspan slow --over 2s            # the slowest requests
  ragspan logs --level warning --since 1h"
    )
}
