//! The command `logs`: lists records, and follows new ones.

use std::io::Write;

use clap::Args;
use ragspan::Level;
use ragspan_store::{Condition, LogFilter, Reader};

use super::answer::Answer;
use super::context::RenderContext;
use super::database::{self, open};
use super::error::Error;
use super::monitor::FileMonitor;
use super::options::GlobalOptions;
use super::when::When;
use super::{follow, list};

pub(super) const HELP: &str =
    "Conditions: a field of the record such as tenant_id, or a name in context or metrics, \
then = != < <= > >= or ~ (contains), then a value; null for no value. context.NAME, metrics.NAME and error.NAME name \
one object. Quote conditions with < and >. A record must match all options.
With --json: one record a line (JSON Lines), each with its eighteen keys.

Examples:
  ragspan logs --level warning --since 1h
  ragspan logs --since 'yesterday 14:00' --until now --text timeout
  ragspan logs --since 48h --where tenant_id=acme --where status=error
  ragspan logs --where 'metrics.output_tokens>=200' --where context.model~gpt
  ragspan logs --layer retrieval --user ada --json | jq .metrics.duration_ms
  ragspan logs --follow --level warning";

/// The arguments of `logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Only records of this level and above: trace, debug, info, warning, error, critical
    #[arg(long)]
    pub level: Option<Level>,
    /// Only records of this user
    #[arg(long)]
    pub user: Option<String>,
    /// Only records of this request id
    #[arg(long, value_name = "ID")]
    pub request: Option<String>,
    /// Only records of this trace, named as for `ragspan trace`
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// Only records of this layer, such as retrieval
    #[arg(long)]
    pub layer: Option<String>,
    /// Only since this time: 24h, 7d, 09:30, 2025-12-03T22:45, `yesterday 14:00`
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Only before this time
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// Only records whose message, error or context contains this text; case does not matter
    #[arg(long)]
    pub text: Option<String>,
    /// Only records that meet this condition, such as tenant_id=acme; may be repeated
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<Condition>,
    /// Also list new records as they are written, until ctrl-c
    #[arg(long, short)]
    pub follow: bool,
    /// The maximum number of records; the newest are listed
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

pub(super) async fn run(
    args: &LogsArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    // Created before the database is opened, so that no change is missed.
    let monitor = FileMonitor::new(database::path(options)?);
    let mut reader = open(options).await?;
    let filter = filter(args, &mut reader, context).await?;
    if args.follow {
        return follow::run(reader, monitor, filter, options.json, out, context).await;
    }
    let records = reader.logs(&filter).await?;
    if options.json {
        list::json_lines(&records, out)?;
    } else {
        out.write_all(list::logs(&records, context).as_bytes())?;
    }
    Ok(Answer::of(&records))
}

async fn filter(
    args: &LogsArgs,
    reader: &mut Reader,
    context: &RenderContext,
) -> Result<LogFilter, Error> {
    let (since_us, until_us) = context.period(args.since, args.until)?;
    let trace = match &args.trace {
        Some(asked) => Some(reader.resolve_trace(asked).await?.trace_id),
        None => None,
    };
    Ok(LogFilter {
        level: args.level,
        user: args.user.clone(),
        request: args.request.clone(),
        trace,
        layer: args.layer.clone(),
        kind: None,
        since_us,
        until_us,
        text: args.text.clone(),
        conditions: args.conditions.clone(),
        limit: Some(args.limit),
    })
}
