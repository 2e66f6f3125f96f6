//! Tests of writing, reading and querying tables.

use proptest::prelude::*;
use serde_json::json;

use super::rates::{Price, Rates, Tier};
use super::{Prices, PricesError};
use ragspan_core::{Cost, Usage};

const LITELLM: &str = r#"{
  "sample_spec": {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0, "mode": "one of .."},
  "small-1": {
    "cache_read_input_token_cost": 7.5e-08, "input_cost_per_token": 1.5e-07,
    "input_cost_per_token_batches": 7.5e-08, "output_cost_per_token": 6e-07, "mode": "chat"
  },
  "long-1": {
    "cache_read_input_token_cost": 1.25e-07, "cache_read_input_token_cost_above_200k_tokens": 2.5e-07,
    "input_cost_per_token": 1.25e-06, "input_cost_per_token_above_200k_tokens": 2.5e-06,
    "input_cost_per_token_above_200k_tokens_priority": 4.5e-06,
    "output_cost_per_token": 1e-05, "output_cost_per_token_above_200k_tokens": 1.5e-05,
    "input_cost_per_token_priority": 2e-06, "output_cost_per_token_priority": 2e-05,
    "cache_creation_input_token_cost_above_1hr": 9e-06, "output_cost_per_reasoning_token": 1.2e-05
  },
  "embed-1": {"input_cost_per_token": 2e-08, "output_cost_per_token": 0.0, "mode": "embedding"},
  "paint-1": {"input_cost_per_pixel": 1.9e-08, "mode": "image_generation"}
}"#;

fn litellm() -> Prices {
    Prices::import(LITELLM, "2026-11-23", "litellm")
        .unwrap()
        .prices
}

fn nanos(prices: &Prices, model: &str, usage: Usage) -> Option<u64> {
    prices.cost(model, &usage).map(Cost::nano_dollars)
}

#[test]
fn nothing_is_built_in() {
    let prices = Prices::default();
    assert!(prices.is_empty());
    assert_eq!(prices.cost("gpt-4o", &Usage::new(1, 1)), None);
    assert_eq!(Prices::from_json(&prices.to_json()).unwrap(), prices);
}

#[test]
fn each_kind_has_its_price() {
    let prices = litellm();
    let usage = Usage::new(10, 20).with_cached_input(30);
    assert_eq!(
        nanos(&prices, "small-1", usage),
        Some(10 * 150 + 30 * 75 + 20 * 600)
    );
    assert_eq!(nanos(&prices, "embed-1", Usage::new(7, 0)), Some(140));
    assert_eq!(nanos(&prices, "small-1", Usage::default()), Some(0));
}

#[test]
fn a_kind_without_a_price_has_no_cost() {
    let prices = litellm();
    let usage = Usage::new(10, 20);
    for model in [
        "small",
        "small-1-turbo",
        "azure/small-1",
        "paint-1",
        "sample_spec",
        "",
    ] {
        assert_eq!(nanos(&prices, model, usage), None, "{model}");
    }
    assert_eq!(nanos(&prices, "small-1", usage.with_cache_write(1)), None);
    assert_eq!(nanos(&prices, "embed-1", usage.with_cached_input(1)), None);
}

#[test]
fn reasoning_is_billed_as_output_unless_it_has_a_price() {
    let prices = litellm();
    let usage = Usage::new(0, 1).with_reasoning(1);
    assert_eq!(nanos(&prices, "small-1", usage), Some(1_200));
    assert_eq!(nanos(&prices, "long-1", usage), Some(22_000));
}

#[test]
fn a_long_prompt_has_its_own_prices() {
    let prices = litellm();
    let short = Usage::new(150_000, 1).with_cached_input(50_000);
    assert_eq!(
        nanos(&prices, "long-1", short),
        Some(150_000 * 1_250 + 50_000 * 125 + 10_000)
    );
    let long = Usage::new(150_001, 1).with_cached_input(50_000);
    assert_eq!(
        nanos(&prices, "long-1", long),
        Some(150_001 * 2_500 + 50_000 * 250 + 15_000)
    );
    assert_eq!(
        nanos(&prices, "long-1", long.with_reasoning(1)),
        Some(150_001 * 2_500 + 50_000 * 250 + 30_000)
    );
}

#[test]
fn a_model_is_found_by_its_longest_known_name() {
    let table = json!({"models": {
        "c": {"input": 1}, "c-20240620": {"input": 2}, "us.anthropic.c": {"input": 3}, "d-v2": {"input": 4}
    }});
    let prices = Prices::from_json(&table.to_string()).unwrap();
    for (model, found) in [
        ("c", Some("c")),
        ("c-20240620", Some("c-20240620")),
        ("c-20241022", Some("c")),
        ("c@20240620", Some("c")),
        ("anthropic/c-2024-06-20", Some("c")),
        ("anthropic.c-20240620-v1:0", Some("c-20240620")),
        ("us.anthropic.c-20240620-v1:0", Some("us.anthropic.c")),
        ("eu.anthropic.c-20240620-v1:0", None),
        ("bedrock/us.anthropic.c", Some("us.anthropic.c")),
        ("d-v2:1", Some("d-v2")),
        ("d-v3:1", None),
        ("C", None),
    ] {
        assert_eq!(prices.find(model), found, "{model}");
    }
}

#[test]
fn a_list_is_imported_and_entries_without_prices_are_counted() {
    let import = Prices::import(LITELLM, "2026-11-23", "litellm").unwrap();
    assert_eq!((import.prices.len(), import.skipped), (3, 1));
    assert_eq!(import.prices.version(), "2026-11-23");
    assert_eq!(import.prices.source(), "litellm");
    let again = Prices::import(&import.prices.to_json(), "other", "other").unwrap();
    assert_eq!(again.prices, import.prices);
}

#[test]
fn a_table_is_written_in_a_readable_form() {
    let expected = r#"{
  "version": "2026-11-23",
  "source": "litellm",
  "unit": "usd_per_million_tokens",
  "models": {
    "embed-1": {"input": 0.02, "output": 0},
    "long-1": {"input": 1.25, "cached_input": 0.125, "output": 10, "reasoning": 12, "cache_write_1h": 9, "above": [{"tokens": 200000, "input": 2.5, "cached_input": 0.25, "output": 15}], "priority": {"input": 2, "output": 20, "above": [{"tokens": 200000, "input": 4.5}]}},
    "small-1": {"input": 0.15, "cached_input": 0.075, "output": 0.6, "batch": {"input": 0.075}}
  }
}
"#;
    assert_eq!(litellm().to_json(), expected);
}

#[test]
fn an_error_has_its_line_and_its_entry() {
    let message = |text: &str| match Prices::from_json(text) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    for (text, expected) in [
        (
            "",
            "line 1, column 0: invalid JSON: EOF while parsing a value",
        ),
        (
            "{\n \"models\": }",
            "line 2, column 12: invalid JSON: expected value",
        ),
        ("[]", "expected an object with `models`"),
        (
            "{\"a\": {}}",
            "there is no `models`: `ragspan prices import` makes such a table of a price list",
        ),
        ("{\"models\": 1}", "`models` has to be an object"),
        (
            "{\"models\": {}, \"unit\": \"eur\"}",
            "`unit` has to be `usd_per_million_tokens`",
        ),
        (
            "{\"models\": {}, \"version\": 7}",
            "`version` has to be text",
        ),
        (
            "{\"models\": {}, \"model\": 7}",
            "unknown key `model`: expected version, source, unit, models",
        ),
        (
            "{\"models\": {\n\"a\": {\"input\": 1},\n\"b\": {\"input\": \"1\"}}}",
            "line 3: model `b`: `input` is \"1\": a price is a number of dollars, from 0 to 18 billion for a million tokens",
        ),
        (
            "{\"models\": {\"a\": {\"inputs\": 1}}}",
            "line 1: model `a`: unknown key `inputs`: expected input, cached_input, cache_write, output, reasoning, cache_write_1h, audio_input, audio_output, above, flex, batch, priority",
        ),
        (
            "{\"models\": {\"a\": {}}}",
            "line 1: model `a`: it has no price: give one of input, cached_input, cache_write, output, reasoning, cache_write_1h, audio_input, audio_output",
        ),
        (
            "{\"models\": {\"a\": 1}}",
            "line 1: model `a`: expected an object of prices",
        ),
        (
            "{\"models\": {\"a\": {\"input\": 1, \"above\": [{\"input\": 2}]}}}",
            "line 1: model `a`: each step of `above` needs `tokens`, a whole number",
        ),
    ] {
        assert_eq!(message(text), expected);
    }
}

#[test]
fn an_error_in_an_imported_list_has_its_line_and_its_entry() {
    let message = |text: &str| match Prices::import(text, "", "") {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert!(message("{\n\"x\": 1}").starts_with("line 2: model `x`: expected"));
    assert!(
        message("{\n\n\"x\": {\"input_cost_per_token\": -1e-6}}")
            .starts_with("line 3: model `x`: `input_cost_per_token` is -")
    );
    assert!(message("{}").starts_with("no entry has a price by the token"));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prices.json");
    let error = Prices::from_file(&path).unwrap_err();
    assert!(matches!(&error, PricesError::Unreadable { path: named, .. } if *named == path));
    std::fs::write(&path, litellm().to_json()).unwrap();
    assert_eq!(Prices::from_file(&path).unwrap(), litellm());
}

/// Ten thousand calls of three models, with caches, reasoning and retries: compares the provider's bill, by its own
/// counts and prices, with the sum of the recorded costs.
#[test]
fn a_providers_bill_is_matched_to_the_nano_dollar() {
    let prices = litellm();
    let (mut bill, mut ours, mut tokens) = (0_u64, Cost::ZERO, Usage::default());
    for call in 0..10_000_u64 {
        let (prompt, cached) = (1_000 + call % 977, call % 3 * 300);
        let (completion, reasoning) = (50 + call % 41, call % 50);
        let response = json!({"model": "small-1-2024-07-18", "usage": {
            "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }});
        for _attempt in 0..=u64::from(call % 100 == 0) {
            bill += (prompt - cached) * 150 + cached * 75 + completion * 600;
            let usage = Usage::from(&response);
            tokens += usage;
            ours += prices.cost("small-1-2024-07-18", &usage).unwrap();
        }
    }
    assert_eq!(ours.nano_dollars(), bill);
    assert_eq!(prices.cost("small-1", &tokens), Some(ours));
}

fn rates() -> impl Strategy<Value = Rates> {
    prop::array::uniform8(prop::option::of(0..1_u64 << 50)).prop_map(Rates)
}

proptest! {
    #[test]
    fn any_table_is_read_back_as_it_was_written(
        models in prop::collection::btree_map(".{0,12}", (0..1_u64 << 50, rates(), prop::collection::btree_map(any::<u64>(), rates(), 0..3)), 0..8),
        version in ".{0,8}",
    ) {
        let price = |(input, mut base, above): (u64, Rates, std::collections::BTreeMap<u64, Rates>)| {
            base.0[0] = Some(input);
            let standard = Tier { base, above: above.into_iter().collect() };
            Price { tiers: [None, Some(standard.clone()), None], standard }
        };
        let models = models.into_iter().map(|(model, parts)| (model, price(parts))).collect();
        let prices = Prices { version, source: "a \"quoted\" source".to_owned(), models };
        prop_assert_eq!(Prices::from_json(&prices.to_json()).unwrap(), prices);
    }

    #[test]
    fn any_text_is_read_without_harm(text in "[{}\\[\\]:,\"0-9a-z_. -]{0,60}") {
        let _read = (Prices::from_json(&text).is_ok(), Prices::import(&text, "", "").is_ok());
    }

    #[test]
    fn a_cost_is_the_exact_sum_rounded_once(
        tokens in prop::array::uniform5(0..1_u64 << 30), rates in prop::array::uniform5(0..1_u64 << 40),
    ) {
        let [input, cached, written, output, reasoning] = tokens;
        let usage = Usage::new(input, output)
            .with_cached_input(cached).with_cache_write(written).with_reasoning(reasoning);
        let mut base = Rates::default();
        base.0[..5].copy_from_slice(&rates.map(Some));
        let standard = Tier { base, above: vec![] };
        let price = Price { standard, ..Price::default() };
        let exact: u128 = tokens.iter().zip(rates).map(|(tokens, rate)| u128::from(*tokens) * u128::from(rate)).sum();
        let nanos = u128::from(price.cost(&usage).unwrap().nano_dollars());
        let (low, high) = (nanos * 1_000_000, exact + 500_000);
        prop_assert!(low <= high && high < low + 1_000_000);
    }
}
