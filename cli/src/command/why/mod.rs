//! The command `why`: one screen that says where a request broke, what was unusual about it, and
//! what else failed in that minute.

mod findings;
mod show;

use std::io::Write;

use clap::Args;
use ragspan_store::{ErrorFilter, Reader, StatsBy, StatsFilter, StoredRecord};

use super::{Answer, Cli, Error, Scene, open};
use findings::Findings;

pub(super) const HELP: &str =
    "With --json: one object; its schema is printed by `ragspan schema why`.

Examples:
  ragspan why
  ragspan why last
  ragspan why last-error --json | jq .broke.operation";

/// Which request.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// A trace, named as for `ragspan trace`
    #[arg(default_value = "last-error")]
    pub id: String,
}

const DAY_US: i64 = 24 * 3_600 * 1_000_000;
const HALF_MINUTE_US: i64 = 30 * 1_000_000;
/// More failures than this in a minute say no more.
const MOST_OTHERS: u32 = 10_000;

pub(super) async fn run(
    args: &WhyArgs,
    cli: &Cli,
    out: &mut dyn Write,
    scene: &Scene,
) -> Result<Answer, Error> {
    let mut reader = open(cli).await?;
    let trace = reader.resolve_trace(&args.id).await?;
    let records = reader.trace(&trace.trace_id).await?;
    let (from, to) = extent(&records);
    let medians = StatsFilter {
        by: StatsBy::Operation,
        layer: None,
        since_us: Some(from.saturating_sub(DAY_US)),
        until_us: Some(to.saturating_add(1)),
    };
    let medians = reader.stats(&medians).await?;
    let mut others = others(&mut reader, &records, to).await?;
    others.retain(|record| record.trace_id.as_deref() != Some(&trace.trace_id));
    let findings = Findings::of(&records, &medians, &others);
    if cli.json {
        writeln!(out, "{}", findings.json(&trace.trace_id))?;
    } else {
        out.write_all(show::render(&findings, &trace.trace_id, scene).as_bytes())?;
    }
    Ok(Answer::Found)
}

/// From the first start to the last word.
fn extent(records: &[StoredRecord]) -> (i64, i64) {
    let start = |record: &StoredRecord| record.start_us.unwrap_or(record.timestamp_us);
    let from = records.iter().map(start).min().unwrap_or(0);
    let to = records.iter().map(|record| record.timestamp_us).max();
    (from, to.unwrap_or(0))
}

/// Failures, where they were born, around the time at which this request failed, else ended.
async fn others(
    reader: &mut Reader,
    records: &[StoredRecord],
    end: i64,
) -> Result<Vec<StoredRecord>, Error> {
    let at = findings::birth(records).map_or(end, |record| record.timestamp_us);
    let filter = ErrorFilter {
        user: None,
        born: true,
        since_us: Some(at.saturating_sub(HALF_MINUTE_US)),
        until_us: Some(at.saturating_add(HALF_MINUTE_US)),
        limit: Some(MOST_OTHERS),
    };
    Ok(reader.errors(&filter).await?)
}
