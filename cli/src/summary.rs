//! A table of the layers: calls, errors, empty results, latency, tokens and cost.

use std::collections::BTreeMap;

use ragspan_core::stats::percentile;
use ragspan_store::StoredRecord;

use crate::call::{Call, CallOutcome};
use crate::format::{dollars, duration, number};
use crate::style::{Style, Tone};
use crate::table::{Cell, Column, Table};

/// The layers in the order of a request; custom layers follow by name.
const LAYERS: [&str; 7] = [
    "api",
    "ingestion",
    "data",
    "retrieval",
    "generation",
    "evaluation",
    "memory",
];
const NONE: &str = "–";

/// Returns the rank of a layer in the order of a request; custom layers come last.
pub(crate) fn layer_rank(layer: &str) -> usize {
    let rank = LAYERS.iter().position(|known| *known == layer);
    rank.unwrap_or(LAYERS.len())
}

/// Returns the table of these records, of which only ended spans count; empty if there are none.
#[must_use]
pub fn render(rows: &[StoredRecord], style: &Style) -> String {
    let layers = by_layer(rows);
    if layers.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        Column::text("layer"),
        Column::number("calls"),
        Column::number("errors"),
        Column::number("empty"),
        Column::number("p50"),
        Column::number("p95"),
        Column::number("tokens"),
        Column::number("cost"),
    ]);
    for ((_, layer), totals) in layers {
        table.push(totals.cells(&layer));
    }
    table.render(style)
}

/// The totals of a layer.
#[derive(Debug, Default)]
struct Totals {
    durations: Vec<f64>,
    errors: u32,
    empty: u32,
    tokens: Option<f64>,
    cost: Option<f64>,
}

fn by_layer(rows: &[StoredRecord]) -> BTreeMap<(usize, String), Totals> {
    let mut layers: BTreeMap<(usize, String), Totals> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind == "span") {
        if let Some(ms) = row.duration_ms {
            let call = Call::of(row);
            let key = (layer_rank(&call.layer), call.layer.clone());
            layers.entry(key).or_default().add(ms, &call);
        }
    }
    layers
        .values_mut()
        .for_each(|totals| totals.durations.sort_by(f64::total_cmp));
    layers
}

impl Totals {
    fn add(&mut self, ms: f64, call: &Call) {
        self.durations.push(ms);
        self.errors += u32::from(call.outcome.is_failure());
        self.empty += u32::from(call.outcome == CallOutcome::Empty);
        let (tokens, cost) = call.layer_usage();
        add(&mut self.tokens, tokens);
        add(&mut self.cost, cost);
    }

    fn cells(&self, layer: &str) -> Vec<Cell> {
        let alarming = |count: u32, tone| {
            let tone = if count == 0 { Tone::Plain } else { tone };
            Cell::toned(&count.to_string(), tone)
        };
        vec![
            layer.into(),
            self.durations.len().to_string().into(),
            alarming(self.errors, Tone::Bad),
            alarming(self.empty, Tone::Odd),
            duration(percentile(&self.durations, 50)).into(),
            duration(percentile(&self.durations, 95)).into(),
            self.tokens.map_or_else(|| NONE.to_owned(), number).into(),
            self.cost.map_or_else(|| NONE.to_owned(), dollars).into(),
        ]
    }
}

fn add(sum: &mut Option<f64>, value: Option<f64>) {
    if let Some(value) = value {
        *sum = Some(sum.unwrap_or(0.0) + value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{event, failed, fine, span};
    use crate::snapshot::check;

    #[test]
    fn layers_are_listed_in_the_order_of_a_request() {
        let rows: Vec<_> = fine().into_iter().chain(failed()).collect();
        check("summary_80", &render(&rows, &Style::PLAIN));
    }

    #[test]
    fn only_ended_spans_count() {
        let unfinished = StoredRecord {
            duration_ms: None,
            ..fine()[0].clone()
        };
        assert_eq!(
            render(&[unfinished, event(1, "INFO", "x", 0)], &Style::PLAIN),
            ""
        );
    }

    #[test]
    fn a_custom_layer_comes_last() {
        let own = span((1, 0), ("api_of_mine", "x", "complete"), (0, 1), &json!({}));
        let rows = [own, fine()[1].clone()];
        let text = render(&rows, &Style::PLAIN);
        assert!(
            text.lines()
                .nth(1)
                .is_some_and(|line| line.starts_with("memory")),
            "{text}"
        );
    }

    #[test]
    fn the_totals_of_a_request_count_for_its_api_call_alone() {
        let call = |id, parent, layer, metrics| {
            span((id, parent), (layer, "x", "complete"), (0, 1), &metrics)
        };
        let rows = [
            call(
                1,
                0,
                "api",
                json!({"llm_calls": 2, "total_tokens": 30, "cost_usd": 0.03}),
            ),
            call(
                2,
                1,
                "generation",
                json!({"input_tokens": 10, "total_tokens": 10, "cost_usd": 0.01}),
            ),
            call(
                3,
                1,
                "generation",
                json!({"input_tokens": 20, "total_tokens": 20, "cost_usd": 0.02}),
            ),
            call(
                4,
                0,
                "generation",
                json!({"llm_calls": 1, "total_tokens": 500, "cost_usd": 0.5}),
            ),
            call(
                5,
                4,
                "generation",
                json!({"input_tokens": 500, "total_tokens": 500, "cost_usd": 0.5}),
            ),
        ];
        let text = render(&rows, &Style::PLAIN);
        let ends: Vec<_> = text.lines().skip(1).map(str::split_whitespace).collect();
        let ends: Vec<_> = ends
            .into_iter()
            .map(|columns| columns.rev().take(2).collect::<Vec<_>>())
            .collect();
        assert_eq!(ends, [["$0.0300", "30"], ["$0.5300", "530"]]);
    }
}
