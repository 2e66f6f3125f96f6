//! Calls cost what their tokens cost by the table of prices, to the nano-dollar, or their cost is unknown.

use ragspan::prices::Prices;
use ragspan::{Cost, Usage};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Table {
    /// Prices in `LiteLLM`'s form.
    prices: Value,
    calls: Vec<Call>,
}

/// A call, and its cost by hand: the sum of the terms, each of tokens and dollars for a million of them. Without terms
/// the cost is unknown.
#[derive(Deserialize)]
struct Call {
    why: String,
    model: String,
    reply: Value,
    terms: Option<Vec<(u64, f64)>>,
    nanos: Option<u64>,
}

fn table() -> Table {
    serde_json::from_str(include_str!("../../data/prices.json")).unwrap()
}

#[test]
fn calls_cost_the_sum_of_their_terms() {
    let table = table();
    let prices = Prices::import(&table.prices.to_string(), "", "")
        .unwrap()
        .prices;
    assert!(table.calls.len() >= 40, "{} calls", table.calls.len());
    for Call {
        why,
        model,
        reply,
        terms,
        nanos,
    } in table.calls
    {
        let usage = Usage::from_json(&reply).unwrap();
        let cost = prices.cost(&model, &usage).map(Cost::nano_dollars);
        assert_eq!(cost, nanos, "{why}: {model} {usage:?}");
        let by_hand = terms.map(|terms| {
            terms
                .iter()
                .map(|(tokens, price)| *tokens as f64 * price)
                .sum::<f64>()
        });
        let nano_dollars =
            by_hand.map(|micro_dollars| (micro_dollars * 1_000.0 + 1e-6).round() as u64);
        assert_eq!(nano_dollars, nanos, "{why}");
    }
}

/// A table that ragspan wrote gives the same costs as the list it was made of.
#[test]
fn a_written_table_keeps_every_price() {
    let table = table();
    let imported = Prices::import(&table.prices.to_string(), "", "")
        .unwrap()
        .prices;
    let written = Prices::from_json(&imported.to_json()).unwrap();
    assert_eq!(written, imported);
}
