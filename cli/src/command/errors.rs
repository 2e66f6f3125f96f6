//! The command `errors`: lists failures.

use std::io::Write;

use clap::Args;
use ragspan_store::{Condition, ErrorFilter};

use super::answer::Answer;
use super::context::RenderContext;
use super::database::open;
use super::error::Error;
use super::list;
use super::options::GlobalOptions;
use super::when::When;

pub(super) const HELP: &str =
    "A failure is a call that failed, whatever its level, at its origin; or an ERROR event \
outside of failed calls and requests. `stats --by error` counts the same failures.
With --json: one record a line (JSON Lines), each with its eighteen keys.

Examples:
  ragspan errors --user ada
  ragspan errors --since today --where tenant_id=acme
  ragspan errors --since 24h --limit 10 --json | jq .error.type";

/// The arguments of `errors`.
#[derive(Debug, Args)]
pub struct ErrorsArgs {
    /// Only failures of this user
    #[arg(long)]
    pub user: Option<String>,
    /// Only failures that meet this condition, such as tenant_id=acme; as for `ragspan logs`, may be repeated
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<Condition>,
    /// Only since this time: 24h, 7d, 09:30, 2025-12-03T22:45, `yesterday 14:00`
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Only before this time
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// The maximum number of failures; the newest are listed
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

pub(super) async fn run(
    args: &ErrorsArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    let (since_us, until_us) = context.period(args.since, args.until)?;
    let filter = ErrorFilter {
        user: args.user.clone(),
        origins_only: true,
        conditions: args.conditions.clone(),
        since_us,
        until_us,
        limit: Some(args.limit),
    };
    let records = open(options).await?.errors(&filter).await?;
    if options.json {
        list::json_lines(&records, out)?;
    } else {
        out.write_all(list::errors(&records, context).as_bytes())?;
    }
    Ok(Answer::of(&records))
}
