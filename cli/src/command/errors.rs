//! The command `errors`: lists failures.

use std::io::Write;

use clap::Args;
use ragspan_store::ErrorFilter;

use super::{Answer, Cli, Error, Scene, When, answer, list, open};

pub(super) const HELP: &str =
    "With --json: one record a line (JSON Lines), each with its eighteen keys.

Examples:
  ragspan errors --user ada
  ragspan errors --since today
  ragspan errors --since 24h --limit 10 --json | jq .error.type";

/// Which failures.
#[derive(Debug, Args)]
pub struct ErrorsArgs {
    /// Only this user's
    #[arg(long)]
    pub user: Option<String>,
    /// Only since then: 24h, 7d, 2025-12-03, 2025-12-03T22:45, `yesterday 14:00`
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Only before then
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// At most so many, the newest of them
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

pub(super) async fn run(
    args: &ErrorsArgs,
    cli: &Cli,
    out: &mut dyn Write,
    scene: &Scene,
) -> Result<Answer, Error> {
    let filter = ErrorFilter {
        user: args.user.clone(),
        born: false,
        since_us: scene.micros(args.since),
        until_us: scene.micros(args.until),
        limit: Some(args.limit),
    };
    let records = open(cli).await?.errors(&filter).await?;
    if cli.json {
        list::json_lines(&records, out)?;
    } else {
        out.write_all(list::errors(&records, scene).as_bytes())?;
    }
    Ok(answer(&records))
}
