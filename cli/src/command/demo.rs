//! The command `demo`: writes a database to try the other commands on.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use ragspan_store::Writer;
use serde_json::json;

use super::{Answer, Cli, Error, Scene};
use crate::demo::{count, traffic};
use crate::format::number;

pub(super) const HELP: &str =
    "The database is ragspan-demo.db unless --db names another; one that exists is left alone.
With --json: one object; its schema is printed by `ragspan schema demo`.

Examples:
  ragspan demo
  ragspan demo --seed 7 --requests 50 --db day.db";

/// Where, and how much of it.
const USUAL: &str = "ragspan-demo.db";

/// What to invent.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// The same seed invents the same traffic
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many requests, over the last 24 hours
    #[arg(long, value_name = "N", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub requests: u32,
}

/// Why no demonstration was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// There is something already.
    #[error("{} exists: remove it, or name another with --db", .0.display())]
    Exists(PathBuf),
}

/// Records to a transaction.
const BATCH: usize = 2_000;

pub(super) async fn run(
    args: &DemoArgs,
    cli: &Cli,
    out: &mut dyn Write,
    scene: &Scene,
) -> Result<Answer, Error> {
    // Never the database of the environment: what is invented must not come among what is real.
    let path = cli.db.clone().unwrap_or_else(|| USUAL.into());
    if path.exists() {
        return Err(DemoError::Exists(path).into());
    }
    let now = scene.now.as_microsecond().max(0).unsigned_abs();
    let rows = traffic(args.seed, args.requests, now);
    let mut writer = Writer::open(&path).await?;
    for batch in rows.chunks(BATCH) {
        let batch: Vec<_> = batch.iter().map(crate::demo::Row::borrowed).collect();
        writer.insert(&batch).await?;
    }
    while writer.fill().await? {}
    writer.close().await?;
    let counts = (rows.len(), count(&rows));
    if cli.json {
        write_json(&path, args.seed, counts, out)?;
    } else {
        write_text(&path, counts, out)?;
    }
    Ok(Answer::Found)
}

type Counts = (usize, (usize, usize));

fn write_json(path: &Path, seed: u64, counts: Counts, out: &mut dyn Write) -> io::Result<()> {
    let (records, (requests, failed)) = counts;
    let value = json!({
        "database": path.display().to_string(),
        "seed": seed,
        "requests": requests,
        "failed": failed,
        "records": records,
    });
    writeln!(out, "{value}")
}

#[expect(clippy::cast_precision_loss, reason = "at most some millions")]
fn write_text(path: &Path, counts: Counts, out: &mut dyn Write) -> io::Result<()> {
    let (records, (requests, failed)) = counts;
    let [records, requests, failed] = [records, requests, failed].map(|count| number(count as f64));
    let db = crate::text::safe(&path.display().to_string());
    writeln!(
        out,
        "wrote {records} records of {requests} requests, {failed} of them failed, to {db}. Try:

  export RAGSPAN_DB={db}
  ragspan stats                     # how each layer does
  ragspan errors --user ada         # who was hurt
  ragspan why last-error            # what happened, and what else did then
  ragspan trace last                # one request as a waterfall
  ragspan slow --over 2s            # who had to wait
  ragspan logs --level warning --since 1h"
    )
}
