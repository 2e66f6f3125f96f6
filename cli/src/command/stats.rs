//! The command `stats`: aggregates the calls of a period.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use ragspan_core::record::keys;
use ragspan_store::{Condition, Stats, StatsBy, StatsFilter};
use serde_json::{Value, json};

use super::answer::Answer;
use super::context::RenderContext;
use super::database::open;
use super::error::Error;
use super::options::GlobalOptions;
use super::when::When;
use crate::format::{dollars, duration, number};
use crate::style::{Style, Tone};
use crate::summary::layer_rank;
use crate::table::{Cell, Column, Table};

pub(super) const HELP: &str =
    "Layers and operations count every annotated call, also nested ones; users count whole \
requests; errors count failures at their origin. Tokens and cost of a request count for its
api call, and those of a model call for its own layer and operation.
With --json: one object; its schema is printed by `ragspan schema stats`.

Examples:
  ragspan stats
  ragspan stats --by operation --layer retrieval --since 1h
  ragspan stats --by user --since 'yesterday 00:00' --until today
  ragspan stats --by error --json | jq .groups[0].name";

/// The arguments of `stats`.
#[derive(Debug, Args)]
pub struct StatsArgs {
    /// The dimension to group the calls by
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// Only calls of this layer, such as retrieval
    #[arg(long)]
    pub layer: Option<String>,
    /// Only calls that meet this condition, such as tenant_id=acme; as for `ragspan logs`, may be repeated
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<Condition>,
    /// Only since this time: 24h, 7d, 09:30, 2025-12-03T22:45, `yesterday 14:00`
    #[arg(long, value_name = "WHEN", default_value = "24h")]
    pub since: When,
    /// Only before this time
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// The maximum number of groups; of operations, users and errors those with the most calls are listed
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// A dimension to group calls by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum By {
    /// Their layer
    #[default]
    Layer,
    /// Their layer and operation
    Operation,
    /// The user of whole requests
    User,
    /// The type of their error
    Error,
}

impl By {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Layer => "layer",
            Self::Operation => "operation",
            Self::User => "user",
            Self::Error => "error",
        }
    }

    const fn dimension(self) -> StatsBy {
        match self {
            Self::Layer => StatsBy::Layer,
            Self::Operation => StatsBy::Operation,
            Self::User => StatsBy::User,
            Self::Error => StatsBy::Error,
        }
    }
}

pub(super) async fn run(
    args: &StatsArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    let (since_us, until_us) = context.period(Some(args.since), args.until)?;
    let filter = StatsFilter {
        by: args.by.dimension(),
        layer: args.layer.clone(),
        conditions: args.conditions.clone(),
        since_us,
        until_us,
    };
    let mut groups = open(options).await?.stats(&filter).await?;
    order(&mut groups, args.by);
    let left = groups.len().saturating_sub(args.limit as usize);
    groups.truncate(args.limit as usize);
    if groups.is_empty() {
        return Ok(Answer::Nothing);
    }
    if options.json {
        write_json(&groups, args.by, &filter, left, out)?;
    } else {
        out.write_all(render(&groups, args.by, left, &context.style).as_bytes())?;
    }
    Ok(Answer::Found)
}

/// Sorts layers in the order of a request, and other groups by their number of calls.
fn order(groups: &mut [Stats], by: By) {
    groups.sort_by_key(|group| {
        let name = group.name.as_deref().unwrap_or_default();
        let rank = if by == By::Layer { layer_rank(name) } else { 0 };
        (rank, std::cmp::Reverse(group.calls))
    });
}

fn write_json(
    groups: &[Stats],
    by: By,
    filter: &StatsFilter,
    left: usize,
    out: &mut dyn Write,
) -> io::Result<()> {
    let time = |micros: Option<i64>| {
        micros
            .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok())
            .map(|time| time.to_string())
    };
    let value = json!({
        "by": by.as_str(),
        "since": time(filter.since_us),
        "until": time(filter.until_us),
        "groups": groups.iter().map(group_json).collect::<Vec<_>>(),
        "groups_left_out": left,
    });
    writeln!(out, "{value}")
}

fn group_json(group: &Stats) -> Value {
    json!({
        "name": group.name,
        "operation": group.operation,
        "calls": group.calls,
        "timed": group.timed,
        "errors": group.errors,
        "error_rate": error_rate(group),
        "empty": group.empty,
        "cancelled": group.cancelled,
        "p50_ms": group.p50_ms,
        "p95_ms": group.p95_ms,
        "p99_ms": group.p99_ms,
        "max_ms": group.max_ms,
        "tokens": group.tokens.map(whole),
        (keys::COST_USD.name): group.cost_usd(),
    })
}

/// Returns a number of tokens as an integer; only a metric of the user's own may have a fraction.
#[expect(
    clippy::cast_possible_truncation,
    reason = "compared with the number before"
)]
#[expect(clippy::cast_precision_loss, reason = "for the comparison")]
fn whole(tokens: f64) -> Value {
    let integer = tokens as i64;
    if (integer as f64 - tokens).abs() < f64::EPSILON {
        json!(integer)
    } else {
        json!(tokens)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate is shown to one digit")]
fn error_rate(group: &Stats) -> f64 {
    group.errors as f64 / group.calls.max(1) as f64
}

fn render(groups: &[Stats], by: By, left: usize, style: &Style) -> String {
    let mut table = Table::new(&columns(by));
    for group in groups {
        table.push(row(group, by));
    }
    let mut text = table.render(style);
    if left > 0 {
        let more = format!("{left} more: raise --limit");
        text.push_str(&format!("{}\n", style.paint(Tone::Dim, &more)));
    }
    text
}

/// Returns the columns. In a narrow terminal the cost remains longest, after the errors.
fn columns(by: By) -> Vec<Column> {
    let mut columns = vec![
        Column::flexible(match by {
            By::Operation => "layer",
            by => by.as_str(),
        })
        .at_least(10),
    ];
    if by == By::Operation {
        columns.push(Column::flexible("operation").at_least(15));
    }
    columns.push(Column::number(match by {
        By::User => "requests",
        By::Error => "failures",
        By::Layer | By::Operation => "calls",
    }));
    // A failure is an error, and neither empty nor cancelled.
    let outcomes = [("errors", 0), ("rate", 7), ("empty", 5), ("cancelled", 3)];
    let outcomes = outcomes.into_iter().filter(|_| by != By::Error);
    let amounts = [
        ("p50", 4),
        ("p95", 2),
        ("p99", 9),
        ("max", 8),
        ("tokens", 6),
        ("cost", 1),
    ];
    let optional = outcomes.chain(amounts);
    columns.extend(optional.map(|(title, rank)| Column::number(title).optional(rank)));
    columns
}

fn row(group: &Stats, by: By) -> Vec<Cell> {
    const NONE: &str = "–";
    let or_none = |text: &Option<String>| Cell::from(text.as_deref().unwrap_or(NONE));
    let time = |ms: f64| match group.timed {
        0 => NONE.into(),
        _ => duration(ms).into(),
    };
    let mut cells = vec![or_none(&group.name)];
    if by == By::Operation {
        cells.push(or_none(&group.operation));
    }
    cells.push(count(group.calls, Tone::Plain));
    if by != By::Error {
        cells.extend([
            count(group.errors, Tone::Bad),
            format!("{:.1} %", error_rate(group) * 100.0).into(),
            count(group.empty, Tone::Odd),
            count(group.cancelled, Tone::Plain),
        ]);
    }
    cells.extend([
        time(group.p50_ms),
        time(group.p95_ms),
        time(group.p99_ms),
        time(group.max_ms),
        group.tokens.map_or_else(|| NONE.into(), number).into(),
        group.cost_usd().map_or_else(|| NONE.into(), dollars).into(),
    ]);
    cells
}

/// A cell for a count, in `tone` unless the count is zero.
#[expect(clippy::cast_precision_loss, reason = "exact up to 9e15 calls")]
fn count(count: u64, tone: Tone) -> Cell {
    let tone = if count == 0 { Tone::Plain } else { tone };
    Cell::toned(&number(count as f64), tone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_integers_unless_they_have_a_fraction() {
        for (tokens, text) in [(787_651.0, "787651"), (0.0, "0"), (1.5, "1.5")] {
            assert_eq!(whole(tokens).to_string(), text);
        }
    }
}
