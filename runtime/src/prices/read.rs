//! Reads a table from its file.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::{Map, Value};

use super::Prices;
use super::error::PricesError;
use super::rates::{KINDS, Price, Rates, TIERS, Tier, scaled};

/// The largest size of a file, in bytes: ten times the size of a table of all known models.
pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The required unit of a file's prices, which distinguishes it from other files.
pub(super) const UNIT: &str = "usd_per_million_tokens";

/// The power of ten from dollars per million tokens to nano-dollars per million tokens.
const POWER: i32 = 9;

pub(super) fn file(path: &Path) -> Result<String, PricesError> {
    read(path).map_err(|source| PricesError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_BYTES as u64 + 1)
        .read_to_string(&mut text)?;
    if text.len() > MAX_BYTES {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

pub(super) fn table(text: &str) -> Result<Prices, PricesError> {
    let json: Value = serde_json::from_str(text)?;
    let object = json.as_object();
    let object = object.ok_or_else(|| PricesError::shape("expected an object with `models`"))?;
    if object.get("models").is_none() {
        let message =
            "there is no `models`: `ragspan prices import` makes such a table of a price list";
        return Err(PricesError::shape(message));
    }
    of_object(object, text)
}

pub(super) fn of_object(object: &Map<String, Value>, text: &str) -> Result<Prices, PricesError> {
    let known = ["version", "source", "unit", "models"];
    if let Some(key) = object.keys().find(|key| !known.contains(&key.as_str())) {
        let message = format!("unknown key `{key}`: expected {}", known.join(", "));
        return Err(PricesError::shape(message));
    }
    let word = |key: &str| match object.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(word)) => Ok(word.clone()),
        Some(_) => Err(PricesError::shape(format!("`{key}` has to be text"))),
    };
    if !["", UNIT].contains(&word("unit")?.as_str()) {
        return Err(PricesError::shape(format!("`unit` has to be `{UNIT}`")));
    }
    let models = object.get("models").and_then(Value::as_object);
    let models = models.ok_or_else(|| PricesError::shape("`models` has to be an object"))?;
    let price = |(model, value): (&String, &Value)| match price(value) {
        Ok(price) => Ok((model.clone(), price)),
        Err(message) => Err(PricesError::entry(text, model, message)),
    };
    Ok(Prices {
        version: word("version")?,
        source: word("source")?,
        models: models.iter().map(price).collect::<Result<_, _>>()?,
    })
}

fn price(value: &Value) -> Result<Price, String> {
    let entry = value.as_object().ok_or("expected an object of prices")?;
    let mut price = Price {
        standard: tier(entry, &["above", "flex", "batch", "priority"])?,
        ..Price::default()
    };
    for ((_, name), slot) in TIERS.iter().zip(&mut price.tiers) {
        let Some(value) = entry.get(*name) else {
            continue;
        };
        let inner = value.as_object();
        let inner = inner.ok_or_else(|| format!("`{name}` has to be an object of prices"))?;
        *slot = Some(tier(inner, &["above"])?);
    }
    Ok(price)
}

/// Reads the prices of a tier; the keys `others` are allowed too.
fn tier(entry: &Map<String, Value>, others: &[&str]) -> Result<Tier, String> {
    let base = rates(entry, others)?;
    if base.is_empty() {
        return Err(format!("it has no price: give one of {}", KINDS.join(", ")));
    }
    let steps = match entry.get("above") {
        None => &[][..],
        Some(Value::Array(steps)) => steps,
        Some(_) => return Err("`above` has to be a list".to_owned()),
    };
    let steps = steps.iter().map(one_step);
    let mut above: Vec<_> = steps.collect::<Result<_, _>>()?;
    above.sort_by_key(|(tokens, _)| *tokens);
    Ok(Tier { base, above })
}

fn one_step(value: &Value) -> Result<(u64, Rates), String> {
    let entry = value.as_object();
    let entry = entry.ok_or("each step of `above` has to be an object")?;
    let tokens = entry.get("tokens").and_then(Value::as_u64);
    let tokens = tokens.ok_or("each step of `above` needs `tokens`, a whole number")?;
    Ok((tokens, rates(entry, &["tokens"])?))
}

/// Reads the prices of the kinds; the keys `others` are allowed too.
fn rates(entry: &Map<String, Value>, others: &[&str]) -> Result<Rates, String> {
    let mut rates = Rates::default();
    for (key, value) in entry
        .iter()
        .filter(|(key, _)| !others.contains(&key.as_str()))
    {
        let mut slots = KINDS.iter().zip(&mut rates.0);
        let (_, slot) = slots.find(|(kind, _)| *kind == key).ok_or_else(|| {
            let (kinds, others) = (KINDS.join(", "), others.join(", "));
            format!("unknown key `{key}`: expected {kinds}, {others}")
        })?;
        *slot = amount(key, value, POWER)?;
    }
    Ok(rates)
}

/// Parses a price in nano-dollars per million tokens; `null` is `None`.
pub(super) fn amount(key: &str, value: &Value, power: i32) -> Result<Option<u64>, String> {
    if value.is_null() {
        return Ok(None);
    }
    let amount = value.as_number().and_then(|number| scaled(number, power));
    let found: String = value.to_string().chars().take(40).collect();
    amount.map(Some).ok_or_else(|| {
        format!("`{key}` is {found}: a price is a number of dollars, from 0 to 18 billion for a million tokens")
    })
}
