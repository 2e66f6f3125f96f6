//! The command `slow`: lists the slowest requests, or the slowest calls.

use std::io::Write;
use std::str::FromStr;

use clap::Args;
use ragspan_store::{Condition, SlowFilter};

use super::answer::Answer;
use super::context::RenderContext;
use super::database::open;
use super::error::Error;
use super::list;
use super::options::GlobalOptions;
use super::when::When;

pub(super) const HELP: &str =
    "With --json: one record a line (JSON Lines), each with its eighteen keys.

Examples:
  ragspan slow
  ragspan slow --over 2s --since 24h
  ragspan slow --layer generation --limit 5
  ragspan slow --operations --json | jq .metrics.duration_ms";

/// The arguments of `slow`.
#[derive(Debug, Args)]
pub struct SlowArgs {
    /// Only calls of this duration or longer: 500ms, 2s, 1.5s, 1m
    #[arg(long, value_name = "DURATION")]
    pub over: Option<Millis>,
    /// Calls of this layer, such as generation, instead of whole requests
    #[arg(long)]
    pub layer: Option<String>,
    /// Calls of every layer instead of whole requests
    #[arg(long)]
    pub operations: bool,
    /// Only calls that meet this condition, such as tenant_id=acme; as for `ragspan logs`, may be repeated
    #[arg(long = "where", value_name = "CONDITION")]
    pub conditions: Vec<Condition>,
    /// Only since this time: 24h, 7d, 09:30, 2025-12-03T22:45, `yesterday 14:00`
    #[arg(long, value_name = "WHEN")]
    pub since: Option<When>,
    /// Only before this time
    #[arg(long, value_name = "WHEN")]
    pub until: Option<When>,
    /// The maximum number of calls; the slowest are listed
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
}

/// A duration in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Millis(pub f64);

/// The text is not a duration.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: use 500ms, 2s, 1.5s or 1m")]
pub struct UnknownDuration(String);

ragspan_core::debug_as_display!(UnknownDuration);

impl FromStr for Millis {
    type Err = UnknownDuration;

    fn from_str(text: &str) -> Result<Self, UnknownDuration> {
        let text = text.trim();
        let duration = ragspan_core::duration::parse(text);
        duration
            .map(|duration| Self(duration.as_secs_f64() * 1e3))
            .map_err(|_| UnknownDuration(text.to_owned()))
    }
}

pub(super) async fn run(
    args: &SlowArgs,
    options: &GlobalOptions,
    out: &mut dyn Write,
    context: &RenderContext,
) -> Result<Answer, Error> {
    let (since_us, until_us) = context.period(args.since, args.until)?;
    let filter = SlowFilter {
        spans: args.operations,
        layer: args.layer.clone(),
        over_ms: args.over.map(|Millis(millis)| millis),
        conditions: args.conditions.clone(),
        since_us,
        until_us,
        limit: Some(args.limit),
    };
    let records = open(options).await?.slowest(&filter).await?;
    if options.json {
        list::json_lines(&records, out)?;
    } else {
        out.write_all(list::slow(&records, context).as_bytes())?;
    }
    Ok(Answer::of(&records))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_duration_needs_a_unit() {
        for (text, millis) in [
            ("500ms", 500.0),
            ("2s", 2e3),
            ("1.5 s", 1.5e3),
            ("1m", 60e3),
        ] {
            assert_eq!(text.parse(), Ok(Millis(millis)), "{text}");
        }
        for text in ["", "2", "s", "-1s", "inf s", "nans", "2 days"] {
            let error = text.parse::<Millis>().expect_err(text);
            assert!(error.to_string().contains("500ms"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_without_a_panic(text in any::<String>()) {
            if let Ok(Millis(millis)) = text.parse() {
                prop_assert!(millis >= 0.0);
            }
        }
    }
}
