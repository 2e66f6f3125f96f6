//! A table of what the layers did: calls, errors, empty results, latency, tokens and cost.

use std::collections::BTreeMap;

use ragspan_core::stats::percentile;
use ragspan_store::StoredRecord;

use crate::facts::{Facts, Outcome};
use crate::format::{dollars, duration, number};
use crate::style::{Style, Tone};
use crate::table::{Cell, Column, Table};

/// The layers in the order in which a request meets them; others follow by name.
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

/// Where a layer stands among the others; those of one's own come last.
pub(crate) fn place_of_layer(layer: &str) -> usize {
    let place = LAYERS.iter().position(|known| *known == layer);
    place.unwrap_or(LAYERS.len())
}

/// The table for these records, of which only those of ended spans count; empty without any.
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
    for ((_, layer), sums) in layers {
        table.push(sums.cells(&layer));
    }
    table.render(style)
}

/// What a layer did.
#[derive(Debug, Default)]
struct Sums {
    durations: Vec<f64>,
    errors: u32,
    empty: u32,
    tokens: Option<f64>,
    cost: Option<f64>,
}

fn by_layer(rows: &[StoredRecord]) -> BTreeMap<(usize, String), Sums> {
    let mut layers: BTreeMap<(usize, String), Sums> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind == "span") {
        if let Some(ms) = row.duration_ms {
            let facts = Facts::of(row);
            let key = (place_of_layer(&facts.layer), facts.layer.clone());
            layers.entry(key).or_default().add(ms, &facts);
        }
    }
    layers
        .values_mut()
        .for_each(|sums| sums.durations.sort_by(f64::total_cmp));
    layers
}

impl Sums {
    fn add(&mut self, ms: f64, facts: &Facts) {
        self.durations.push(ms);
        self.errors += u32::from(facts.outcome.is_failure());
        self.empty += u32::from(facts.outcome == Outcome::Empty);
        let (tokens, cost) = facts.spent();
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
    fn layers_are_summed_in_the_order_of_a_request() {
        let rows: Vec<_> = fine().into_iter().chain(failed()).collect();
        check("summary_80", &render(&rows, &Style::PLAIN));
    }

    #[test]
    fn what_is_no_ended_span_does_not_count() {
        let begun = StoredRecord {
            duration_ms: None,
            ..fine()[0].clone()
        };
        assert_eq!(
            render(&[begun, event(1, "INFO", "x", 0)], &Style::PLAIN),
            ""
        );
    }

    #[test]
    fn a_layer_of_ones_own_comes_last() {
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
    fn the_sums_of_a_request_stand_with_its_api_call_alone() {
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
            .map(|words| words.rev().take(2).collect::<Vec<_>>())
            .collect();
        assert_eq!(ends, [["$0.0300", "30"], ["$0.5300", "530"]]);
    }
}
