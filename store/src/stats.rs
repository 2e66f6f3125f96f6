//! Sums up the calls of a span of time: how many, how they ended, how long they took, what they cost.

use std::collections::HashMap;

use ragspan_core::stats::percentile;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use ragspan_core::Cost;

use super::Condition;
use super::select::{Fact, Order, Select};

/// The property that groups calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatsBy {
    /// Every annotated call, by its layer.
    #[default]
    Layer,
    /// Every annotated call, by its layer and operation.
    Operation,
    /// Whole requests (root spans of a user or of the layer `api`), by their user.
    User,
    /// Failures at their origin, by their type; ERROR events outside of failed calls by their logger.
    Error,
}

/// The tokens of a call alone: the sum of its kinds, NULL where it has none.
macro_rules! own_tokens {
    () => {
        "(CASE WHEN coalesce(input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, \
         reasoning_tokens) IS NOT NULL THEN coalesce(input_tokens, 0) + coalesce(cached_input_tokens, 0) \
         + coalesce(cache_write_tokens, 0) + coalesce(output_tokens, 0) + coalesce(reasoning_tokens, 0) END)"
    };
}

impl StatsBy {
    /// Returns the columns that a summary reads of a call; the first two are its group. Like every column of the store's
    /// queries they are literals.
    ///
    /// The record of a request holds the sums of the calls in it, and is recognised by its `llm_calls`. The last argument
    /// of the macro is where these sums count. Elsewhere a request counts with the tokens that it spent itself, because
    /// calls would otherwise count twice.
    pub(super) const fn columns(self) -> &'static str {
        macro_rules! columns {
            ($name:literal, $second:literal, $status:literal, $sums:literal) => {
                concat!(
                    $name,
                    " AS name, ",
                    $second,
                    " AS second, duration_ms, ",
                    $status,
                    " AS status, CASE WHEN ",
                    $sums,
                    " OR llm_calls IS NULL THEN coalesce(total_tokens, ",
                    own_tokens!(),
                    ") ELSE ",
                    own_tokens!(),
                    " END AS tokens, CASE WHEN ",
                    $sums,
                    " OR llm_calls IS NULL OR (llm_calls = 1 AND ",
                    own_tokens!(),
                    " IS NOT NULL) THEN cost_nanos END AS cost"
                )
            };
        }
        match self {
            Self::Layer => columns!("coalesce(layer, logger)", "NULL", "status", "layer = 'api'"),
            Self::Operation => columns!(
                "coalesce(layer, logger)",
                "operation",
                "status",
                "layer = 'api'"
            ),
            Self::User => columns!("user_id", "NULL", "status", "TRUE"),
            Self::Error => columns!(
                "coalesce(error_type, CASE kind WHEN 'event' THEN logger END)",
                "NULL",
                "coalesce(status, 'error')",
                "FALSE"
            ),
        }
    }
}

/// Selects calls to summarise; a field that is `None` selects all.
#[derive(Debug, Clone, Default)]
pub struct StatsFilter {
    /// The property that groups them.
    pub by: StatsBy,
    /// Only this layer, such as `retrieval`.
    pub layer: Option<String>,
    /// All of these are true.
    pub conditions: Vec<Condition>,
    /// Not older than this, in microseconds since the epoch.
    pub since_us: Option<i64>,
    /// Older than this, in microseconds since the epoch.
    pub until_us: Option<i64>,
}

impl StatsFilter {
    pub(super) fn select(&self) -> Select {
        let calls = Select::calls(self.by);
        let calls = match self.by {
            StatsBy::Layer | StatsBy::Operation => calls.and_fact(Fact::Ended),
            StatsBy::User => calls
                .and_fact(Fact::Ended)
                .and_fact(Fact::Root)
                .and_fact(Fact::OfUser),
            StatsBy::Error => calls.and_fact(Fact::Failure).and_fact(Fact::Origin),
        };
        calls
            .and_layer(self.layer.as_deref())
            .and_since(self.since_us)
            .and_until(self.until_us)
            .and_conditions(&self.conditions)
            .ordered(Order::Any, None)
    }
}

/// The sums of one group of calls.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// The layer, the user or the type of error, as [`StatsFilter::by`] asks; none where it is not known.
    pub name: Option<String>,
    /// The operation, where it is asked for.
    pub operation: Option<String>,
    /// How many calls there were.
    pub calls: u64,
    /// How many of them have a duration: all but the events among failures.
    pub timed: u64,
    /// How many of them failed or panicked.
    pub errors: u64,
    /// How many came back empty.
    pub empty: u64,
    /// How many were given up.
    pub cancelled: u64,
    /// Half of the calls took no longer, in milliseconds.
    pub p50_ms: f64,
    /// 95 of a hundred calls took no longer, in milliseconds.
    pub p95_ms: f64,
    /// 99 of a hundred calls took no longer, in milliseconds.
    pub p99_ms: f64,
    /// The longest call, in milliseconds.
    pub max_ms: f64,
    /// Their tokens, if any call recorded them.
    pub tokens: Option<f64>,
    /// The sum of their costs in billionths of a US dollar; `None` where no call has a cost.
    pub cost_nanos: Option<u64>,
}

impl Stats {
    /// Returns the sum of the costs in US dollars, as near as a float comes.
    #[must_use]
    pub fn cost_usd(&self) -> Option<f64> {
        let cost = self.cost_nanos.map(Cost::from_nano_dollars);
        cost.map(Cost::dollars)
    }
}

/// One call, as a summary reads it.
pub(super) struct Call {
    name: Option<String>,
    operation: Option<String>,
    duration_ms: Option<f64>,
    status: Option<String>,
    tokens: Option<f64>,
    cost_nanos: Option<u64>,
}

impl Call {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: text(row, "name")?,
            operation: text(row, "second")?,
            duration_ms: row.try_get("duration_ms")?,
            status: text(row, "status")?,
            tokens: number(row, "tokens"),
            cost_nanos: row
                .try_get_unchecked::<Option<i64>, _>("cost")?
                .map(i64::unsigned_abs),
        })
    }
}

/// Unchecked: a value out of JSON is whatever it was written as.
fn text(row: &SqliteRow, column: &str) -> Result<Option<String>, sqlx::Error> {
    row.try_get_unchecked(column)
}

/// A metric that can't be read counts as none.
fn number(row: &SqliteRow, column: &str) -> Option<f64> {
    row.try_get_unchecked::<Option<f64>, _>(column)
        .ok()
        .flatten()
        .filter(|number| number.is_finite())
}

/// A group's name and operation.
type Key = (Option<String>, Option<String>);

/// Gathers calls into groups.
#[derive(Default)]
pub(super) struct Gathering {
    groups: HashMap<Key, (Stats, Vec<f64>)>,
}

impl Gathering {
    pub(super) fn add(&mut self, call: Call) {
        let key = (call.name, call.operation);
        let (stats, durations) = self.groups.entry(key).or_default();
        stats.calls += 1;
        match call.status.as_deref() {
            Some("error" | "panic") => stats.errors += 1,
            Some("empty") => stats.empty += 1,
            Some("cancelled") => stats.cancelled += 1,
            _ => {}
        }
        add(&mut stats.tokens, call.tokens);
        if let Some(nanos) = call.cost_nanos {
            let sum = stats.cost_nanos.unwrap_or_default();
            stats.cost_nanos = Some(sum.saturating_add(nanos));
        }
        durations.extend(call.duration_ms);
    }

    /// The groups, by name and operation.
    pub(super) fn finish(self) -> Vec<Stats> {
        let mut groups: Vec<_> = self
            .groups
            .into_iter()
            .map(|((name, operation), (stats, durations))| Stats {
                name,
                operation,
                ..with_percentiles(stats, durations)
            })
            .collect();
        groups.sort_by(|a, b| (&a.name, &a.operation).cmp(&(&b.name, &b.operation)));
        groups
    }
}

fn with_percentiles(stats: Stats, mut durations: Vec<f64>) -> Stats {
    durations.sort_by(f64::total_cmp);
    let percentile = |percent| percentile(&durations, percent);
    Stats {
        timed: durations.len() as u64,
        p50_ms: percentile(50),
        p95_ms: percentile(95),
        p99_ms: percentile(99),
        max_ms: percentile(100),
        ..stats
    }
}

fn add(sum: &mut Option<f64>, value: Option<f64>) {
    if let Some(value) = value {
        *sum = Some(sum.unwrap_or(0.0) + value);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn percentiles_rise_and_stay_within_the_calls(
            durations in prop::collection::vec(0.0..1e9_f64, 1..200),
        ) {
            let stats = with_percentiles(Stats::default(), durations.clone());
            let steps = [stats.p50_ms, stats.p95_ms, stats.p99_ms, stats.max_ms];
            prop_assert!(steps.is_sorted());
            prop_assert!(steps.iter().all(|step| durations.contains(step)));
        }
    }
}
