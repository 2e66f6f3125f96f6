//! The command `why`: shows on one screen where a request failed, what was unusual about it, and what else failed in
//! that minute.

mod diagnosis;
mod render;

use std::io::Write;

use clap::Args;
use ragspan_store::{ErrorFilter, Reader, StatsBy, StatsFilter, StoredRecord};

use super::answer::Answer;
use super::context::RenderContext;
use super::database::open;
use super::error::Error;
use super::options::GlobalOptions;
use crate::trace_view::TraceView;
use diagnosis::Diagnosis;

pub(super) const HELP: &str =
    "With --json: one object; its schema is printed by `ragspan schema why`.

Examples:
  ragspan why
  ragspan why last
  ragspan why last-error --backtrace
  ragspan why last-error --json | jq .broke.operation";

/// The arguments of `why`.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// A trace, named as for `ragspan trace`
    #[arg(default_value = "last-error")]
    pub id: String,
    /// Also show every frame of the backtrace, not only those of your own crates
    #[arg(long)]
    pub backtrace: bool,
}

const DAY_US: i64 = 24 * 3_600 * 1_000_000;
const HALF_MINUTE_US: i64 = 30 * 1_000_000;
/// The maximum number of other failures that are counted.
const MAX_OTHERS: u32 = 10_000;

pub(super) async fn run(
    args: &WhyArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    let mut reader = open(options).await?;
    let trace = reader.resolve_trace(&args.id).await?;
    let records = reader.trace(&trace.trace_id).await?;
    let view = TraceView::of(&records);
    let (from, to) = time_range(&records);
    let medians = StatsFilter {
        by: StatsBy::Operation,
        layer: None,
        conditions: Vec::new(),
        since_us: Some(from.saturating_sub(DAY_US)),
        until_us: Some(to.saturating_add(1)),
    };
    let medians = reader.stats(&medians).await?;
    let failed_at = view
        .failure()
        .map_or(to, |failure| failure.record.timestamp_us);
    let mut others = others(&mut reader, failed_at).await?;
    others.retain(|record| record.trace_id.as_deref() != Some(&trace.trace_id));
    let diagnosis = Diagnosis::of(&view, &medians, &others);
    if options.json {
        writeln!(out, "{}", diagnosis.json(&trace.trace_id))?;
    } else {
        let text = render::render(&diagnosis, &trace.trace_id, args.backtrace, context);
        out.write_all(text.as_bytes())?;
    }
    Ok(Answer::Found)
}

/// Returns the first start and the last timestamp.
fn time_range(records: &[StoredRecord]) -> (i64, i64) {
    let start = |record: &StoredRecord| record.start_us.unwrap_or(record.timestamp_us);
    let from = records.iter().map(start).min().unwrap_or(0);
    let to = records.iter().map(|record| record.timestamp_us).max();
    (from, to.unwrap_or(0))
}

/// Returns failures at their origins, in the minute centred on `at`.
async fn others(reader: &mut Reader, at: i64) -> Result<Vec<StoredRecord>, Error> {
    let filter = ErrorFilter {
        user: None,
        origins_only: true,
        conditions: Vec::new(),
        since_us: Some(at.saturating_sub(HALF_MINUTE_US)),
        until_us: Some(at.saturating_add(HALF_MINUTE_US)),
        limit: Some(MAX_OTHERS),
    };
    Ok(reader.errors(&filter).await?)
}
