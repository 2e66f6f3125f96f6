//! Converts `LiteLLM`'s price list to a table.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Prices;
use super::error::PricesError;
use super::rates::{Price, Rates, Tier};
use super::read::{amount, of_object};

/// The key of the entry that documents the others.
const SPECIMEN: &str = "sample_spec";

/// The keys of each kind, in the order of the kinds. If two are present, the first applies.
const KEYS: [&[&str]; 8] = [
    &["input_cost_per_token"],
    &[
        "cache_read_input_token_cost",
        "input_cost_per_token_cache_hit",
    ],
    &["cache_creation_input_token_cost"],
    &["output_cost_per_token"],
    &["output_cost_per_reasoning_token"],
    &["cache_creation_input_token_cost_above_1hr"],
    &["input_cost_per_audio_token"],
    &["output_cost_per_audio_token"],
];

/// The ends of keys with prices of a service tier, in the order of the tiers.
const TIER_ENDS: [&str; 3] = ["_flex", "_batches", "_priority"];

/// The keys of charges for each request, beside its tokens.
const REQUEST_CHARGES: [&str; 2] = ["input_cost_per_query", "input_cost_per_request"];

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

/// Returns `None` if no kind has a price per token, or if a request costs more than its tokens.
fn price(entry: &Map<String, Value>) -> Result<Option<Price>, String> {
    let Some(standard) = tier(entry, "")? else {
        return Ok(None);
    };
    if has_request_charge(entry) || is_free(&standard) && has_other_price(entry) {
        return Ok(None);
    }
    let mut price = Price {
        standard,
        ..Price::default()
    };
    for (end, slot) in TIER_ENDS.iter().zip(&mut price.tiers) {
        *slot = tier(entry, end)?;
    }
    Ok(Some(price))
}

/// Returns the prices of a tier; `None` if it has no price per token.
fn tier(entry: &Map<String, Value>, end: &str) -> Result<Option<Tier>, String> {
    if let (Some(steps), "") = (entry.get("tiered_pricing"), end) {
        return ranges(steps).map(Some);
    }
    let base = rates(entry, end)?;
    if base.is_empty() {
        return Ok(None);
    }
    let mut above = vec![];
    for tokens in steps(entry, end) {
        let rates = rates(entry, &format!("_above_{tokens}k_tokens{end}"))?;
        above.push((tokens.saturating_mul(1000), rates));
    }
    Ok(Some(Tier { base, above }))
}

/// Reads prices by ranges of the prompt's length. They replace the prices beside them.
fn ranges(steps: &Value) -> Result<Tier, String> {
    let mut above = vec![];
    for step in steps.as_array().into_iter().flatten() {
        let from = step.get("range").and_then(|range| range.get(0)?.as_f64());
        let (Some(from), Some(entry)) = (from, step.as_object()) else {
            return Err("each step of `tiered_pricing` needs a `range`".to_owned());
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it saturates"
        )]
        above.push((from as u64, rates(entry, "")?));
    }
    above.sort_by_key(|(from, _)| *from);
    match above.first() {
        Some((0, base)) if !base.is_empty() => Ok(Tier {
            base: *base,
            above: above.split_off(1),
        }),
        _ => Err("`tiered_pricing` has to begin at 0, with a price".to_owned()),
    }
}

fn is_free(tier: &Tier) -> bool {
    tier.base.0.iter().flatten().all(|price| *price == 0)
}

/// Whether each request costs something: per query of a reranker, or per search of a model that always searches.
fn has_request_charge(entry: &Map<String, Value>) -> bool {
    let is_charged = |key: &str| {
        entry
            .get(key)
            .and_then(Value::as_f64)
            .is_some_and(|cost| cost > 0.0)
    };
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    let searches = text("litellm_provider") == "perplexity";
    REQUEST_CHARGES.into_iter().any(is_charged)
        || searches && entry.contains_key("search_context_cost_per_query")
}

/// Whether something other than tokens has a price, such as pages or seconds.
fn has_other_price(entry: &Map<String, Value>) -> bool {
    let is_price = |key: &str| key.contains("cost_per_") && !key.contains("token");
    let mut prices = entry.iter().filter(|(key, _)| is_price(key));
    prices.any(|(_, value)| value.as_f64().is_some_and(|cost| cost > 0.0))
}

fn rates(entry: &Map<String, Value>, end: &str) -> Result<Rates, String> {
    let mut rates = Rates::default();
    for (keys, rate) in KEYS.iter().zip(&mut rates.0) {
        let keys = keys.iter().map(|key| format!("{key}{end}"));
        let found = keys.filter_map(|key| Some((entry.get(&key)?, key))).next();
        if let Some((value, key)) = found {
            *rate = amount(&key, value, POWER)?;
        }
    }
    Ok(rates)
}

/// Returns the prompt lengths, in thousands of tokens, above which other keys apply.
fn steps(entry: &Map<String, Value>, end: &str) -> Vec<u64> {
    let end = format!("k_tokens{end}");
    let length = |key: &String| {
        let (base, rest) = key.rsplit_once("_above_")?;
        let known = KEYS.iter().any(|keys| keys.contains(&base));
        let length = rest.strip_suffix(&end)?.parse().ok()?;
        known.then_some(length)
    };
    let mut lengths: Vec<u64> = entry.keys().filter_map(length).collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}
