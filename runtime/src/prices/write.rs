//! Writes a table as its file.

use std::fmt::Write as _;

use serde_json::Value;

use super::Prices;
use super::rates::{KINDS, Price, Rates, TIERS, Tier};
use super::read::UNIT;
use ragspan_core::Cost;

pub(super) fn table(prices: &Prices) -> String {
    let word = |text: &str| Value::from(text).to_string();
    let (version, source) = (word(&prices.version), word(&prices.source));
    let entry =
        |(model, price): (&String, &Price)| format!("    {}: {}", word(model), shown(price));
    let models: Vec<_> = prices.models.iter().map(entry).collect();
    let models = match models.len() {
        0 => String::new(),
        _ => format!("\n{}\n  ", models.join(",\n")),
    };
    format!(
        "{{\n  \"version\": {version},\n  \"source\": {source},\n  \"unit\": \"{UNIT}\",\n  \"models\": {{{models}}}\n}}\n"
    )
}

fn shown(price: &Price) -> String {
    let mut out = tier(&price.standard);
    for ((_, name), prices) in TIERS.iter().zip(&price.tiers) {
        if let Some(prices) = prices {
            // Writing to a string does not fail.
            _ = write!(out, ", \"{name}\": {{{}}}", tier(prices));
        }
    }
    format!("{{{out}}}")
}

fn tier(prices: &Tier) -> String {
    let mut out = pairs(&prices.base);
    let step = |(tokens, rates): &(u64, Rates)| {
        let rates = Some(pairs(rates)).filter(|rates| !rates.is_empty());
        let rates = rates.map_or_else(String::new, |rates| format!(", {rates}"));
        format!("{{\"tokens\": {tokens}{rates}}}")
    };
    let steps: Vec<_> = prices.above.iter().map(step).collect();
    if !steps.is_empty() {
        _ = write!(out, ", \"above\": [{}]", steps.join(", "));
    }
    out
}

fn pairs(rates: &Rates) -> String {
    let known = KINDS.iter().zip(rates.0);
    let pairs = known.filter_map(|(kind, price)| {
        let price = Cost::from_nano_dollars(price?);
        Some(format!("\"{kind}\": {price}"))
    });
    pairs.collect::<Vec<_>>().join(", ")
}
