//! The command `logs`: lists records, and follows new ones.

use std::io::Write;

use clap::Args;
use ragspan::Level;
use ragspan_store::{Condition, LogFilter, Reader};

use super::watch::Watch;
use super::{Answer, Cli, Error, Scene, When, answer, database, follow, list, open};

pub(super) const HELP: &str =
    "Conditions: a path that begins with context. or metrics., then = != < <= > >= or \
~ (contains), then a value; null for no value. Quote those with < and >. All options must hold.
With --json: one record a line (JSON Lines), each with its eighteen keys.

Examples:
  ragspan logs --level warning --since 1h
  ragspan logs --since 'yesterday 14:00' --until now --text timeout
  ragspan logs --layer generation --where 'metrics.output_tokens>=200' --where context.model~gpt
  ragspan logs --layer retrieval --user ada --json | jq .metrics.duration_ms
  ragspan logs --follow --level warning";

/// Which records.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Only this level and above: trace, debug, info, warning, error, critical
    #[arg(long)]
    pub level: Option<Level>,
    /// Only this user's
    #[arg(long)]
    pub user: Option<String>,
    /// Only of this request id
    #[arg(long, value_name = "ID")]
    pub request: Option<String>,
    /// Only of this trace, named as for `ragspan trace`
    #[arg(long, value_name = "ID")]
    pub trace: Option<String>,
    /// Only of this layer, such as retrieval
    #[arg(long)]
    pub layer: Option<String>,
    /// Only since then: 24h, 7d, 2025-12-03, 2025-12-03T22:45, `yesterday 14:00`
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Only before then
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// Only where the message, the error or the context says this, in either case
    #[arg(long)]
    pub text: Option<String>,
    /// Only where this holds, such as context.top_k>=5; may be repeated
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<Condition>,
    /// Go on with new records as they come, until ctrl-c
    #[arg(long, short)]
    pub follow: bool,
    /// At most so many, the newest of them
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

pub(super) async fn run(
    args: &LogsArgs,
    cli: &Cli,
    out: &mut dyn Write,
    scene: &Scene,
) -> Result<Answer, Error> {
    let watch = Watch::on(database(cli)?);
    let mut reader = open(cli).await?;
    let filter = filter(args, &mut reader, scene).await?;
    if args.follow {
        return follow::run(reader, watch, filter, cli.json, out, scene).await;
    }
    let records = reader.logs(&filter).await?;
    if cli.json {
        list::json_lines(&records, out)?;
    } else {
        out.write_all(list::logs(&records, scene).as_bytes())?;
    }
    Ok(answer(&records))
}

async fn filter(args: &LogsArgs, reader: &mut Reader, scene: &Scene) -> Result<LogFilter, Error> {
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
        since_us: scene.micros(args.since),
        until_us: scene.micros(args.until),
        text: args.text.clone(),
        conditions: args.conditions.clone(),
        limit: Some(args.limit),
    })
}
