//! Converts `LiteLLM`'s price list to a table.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Prices;
use super::error::PricesError;
use super::rates::{Price, Rates};
use super::read::{amount, of_object};

/// The key of the entry that documents the others.
const SPECIMEN: &str = "sample_spec";

/// The keys of each kind, in the order of the kinds. If two are present, the first applies.
const KEYS: [&[&str]; 5] = [
    &["input_cost_per_token"],
    &[
        "cache_read_input_token_cost",
        "input_cost_per_token_cache_hit",
    ],
    &["cache_creation_input_token_cost"],
    &["output_cost_per_token"],
    &["output_cost_per_reasoning_token"],
];

/// The power of ten from dollars per token to nano-dollars per million tokens.
const POWER: i32 = 15;

/// An imported table, with the number of skipped entries.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PriceImport {
    /// The table.
    pub prices: Prices,
    /// The number of entries without prices per token.
    pub skipped: usize,
}

pub(super) fn import(text: &str, version: &str, source: &str) -> Result<PriceImport, PricesError> {
    let json: Value = serde_json::from_str(text)?;
    let list = json.as_object();
    let list =
        list.ok_or_else(|| PricesError::shape("expected an object with an entry a model"))?;
    if list.get("models").is_some() {
        let prices = of_object(list, text)?;
        return Ok(PriceImport { prices, skipped: 0 });
    }
    let (mut models, mut skipped) = (BTreeMap::new(), 0);
    for (model, value) in list.iter().filter(|(model, _)| *model != SPECIMEN) {
        let wrong = |message: String| PricesError::entry(text, model, message);
        let entry = value.as_object();
        let entry = entry.ok_or_else(|| wrong("expected an object of prices".to_owned()))?;
        match price(entry).map_err(wrong)? {
            Some(price) => _ = models.insert(model.clone(), price),
            None => skipped += 1,
        }
    }
    if models.is_empty() {
        let message = "no entry has a price by the token: expected `models`, or entries with `input_cost_per_token`";
        return Err(PricesError::shape(message));
    }
    let (version, source) = (version.to_owned(), source.to_owned());
    let prices = Prices {
        version,
        source,
        models,
    };
    Ok(PriceImport { prices, skipped })
}

/// Returns `None` if no kind has a price per token.
fn price(entry: &Map<String, Value>) -> Result<Option<Price>, String> {
    let base = rates(entry, "")?;
    if base.is_empty() {
        return Ok(None);
    }
    let mut above = vec![];
    for tokens in steps(entry) {
        let rates = rates(entry, &format!("_above_{tokens}k_tokens"))?;
        above.push((tokens.saturating_mul(1000), rates));
    }
    Ok(Some(Price { base, above }))
}

fn rates(entry: &Map<String, Value>, suffix: &str) -> Result<Rates, String> {
    let mut rates = Rates::default();
    for (keys, rate) in KEYS.iter().zip(&mut rates.0) {
        let keys = keys.iter().map(|key| format!("{key}{suffix}"));
        let found = keys.filter_map(|key| Some((entry.get(&key)?, key))).next();
        if let Some((value, key)) = found {
            *rate = amount(&key, value, POWER)?;
        }
    }
    Ok(rates)
}

/// Returns the prompt lengths, in thousands of tokens, above which other keys apply.
fn steps(entry: &Map<String, Value>) -> Vec<u64> {
    let length = |key: &String| {
        let (base, rest) = key.split_once("_above_")?;
        let known = KEYS.iter().any(|keys| keys.contains(&base));
        let length = rest.strip_suffix("k_tokens")?.parse().ok()?;
        known.then_some(length)
    };
    let mut lengths: Vec<u64> = entry.keys().filter_map(length).collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}
