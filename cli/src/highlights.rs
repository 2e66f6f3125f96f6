//! Selects and formats the values of a call that are shown beside its bar, the most informative first.

use ragspan_core::record::keys;
use serde_json::{Map, Value};

use crate::format::{dollars, duration, integer, number};
use crate::text::{columns, safe};

type Object = Map<String, Value>;

/// The maximum number of values, without those of a model call, which are always shown.
const MAX_VALUES: usize = 2;

/// Returns the values most worth showing, such as `15 chunks` and `best 0.81`, and all values of a model call.
pub(crate) fn values(context: &Object, metrics: &Object) -> Vec<String> {
    let mut names: Vec<_> = metrics.keys().filter(|name| is_custom(name)).collect();
    names.sort_by_key(|name| rank(name));
    let (informative, others): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| rank(name) < INFORMATIVE.len());
    let of_metrics = |names: Vec<&String>| -> Vec<String> {
        let format = |name: &String| format_value(name, metrics.get(name)?);
        names.into_iter().filter_map(format).collect()
    };
    let mut values: Vec<_> = of_metrics(informative)
        .into_iter()
        .take(MAX_VALUES)
        .collect();
    values.extend(model_call(context, metrics));
    let of_context = context
        .iter()
        .filter(|(name, _)| !is_reserved(name))
        .filter_map(|(name, value)| format_value(name, value));
    let room = MAX_VALUES.saturating_sub(values.len());
    values.extend(of_metrics(others).into_iter().chain(of_context).take(room));
    values
}

/// Returns the values about models, attempts and caches, the most important first.
fn model_call(context: &Object, metrics: &Object) -> Vec<String> {
    let number_of = |name: &str| metrics.get(name).and_then(Value::as_f64);
    let text_of = |name: &str| context.get(name).and_then(Value::as_str).map(safe);
    let generates = number_of(keys::OUTPUT_TOKENS.name).is_some()
        || number_of(keys::INPUT_TOKENS.name).is_none();
    let first = if generates && calls_a_model(context, metrics) {
        "first token"
    } else {
        "first item"
    };
    let first =
        number_of(keys::TIME_TO_FIRST_ITEM_MS.name).map(|ms| format!("{first} {}", duration(ms)));
    let attempts = number_of(keys::ATTEMPTS.name).filter(|attempts| *attempts > 1.0);
    let fallback = text_of(keys::FALLBACK_TO.name).map(|to| format!("fell back to {to}"));
    let estimated = context.get(keys::USAGE_ESTIMATED.name) == Some(&Value::Bool(true));
    [
        first,
        tokens(metrics),
        cost(metrics),
        estimated.then(|| "usage estimated".to_owned()),
        attempts.map(|attempts| format!("{} attempts", number(attempts))),
        fallback,
        cache(context),
        text_of(keys::MODEL.name),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn calls_a_model(context: &Object, metrics: &Object) -> bool {
    context.contains_key(keys::MODEL.name) || metrics.contains_key(keys::OUTPUT_TOKENS.name)
}

/// Formats the tokens by kind, as in `1,400 + 600 cached → 270 + 40 reasoning tokens`, or else their sum.
fn tokens(metrics: &Object) -> Option<String> {
    let count = |name: &str| metrics.get(name).and_then(Value::as_f64);
    let side = |kinds: &[(&str, &str)]| {
        let kinds = kinds.iter().filter_map(|(name, suffix)| {
            let tokens = count(name).filter(|tokens| *tokens > 0.0 || suffix.is_empty())?;
            Some(format!("{}{suffix}", number(tokens)))
        });
        let kinds: Vec<_> = kinds.collect();
        (!kinds.is_empty()).then(|| kinds.join(" + "))
    };
    let sent = side(&[
        (keys::INPUT_TOKENS.name, ""),
        (keys::CACHED_INPUT_TOKENS.name, " cached"),
        (keys::CACHE_WRITE_TOKENS.name, " written to cache"),
    ]);
    let output = count(keys::OUTPUT_TOKENS.name).filter(|tokens| *tokens > 0.0);
    let reasoning = count(keys::REASONING_TOKENS.name).filter(|tokens| *tokens > 0.0);
    let received = output.or(reasoning).and_then(|_| {
        side(&[
            (keys::OUTPUT_TOKENS.name, ""),
            (keys::REASONING_TOKENS.name, " reasoning"),
        ])
    });
    let sides: Vec<_> = sent.into_iter().chain(received).collect();
    let sides = (!sides.is_empty()).then(|| sides.join(" → "));
    let sum = || {
        count(keys::TOTAL_TOKENS.name)
            .or_else(|| count("tokens"))
            .map(number)
    };
    sides.or_else(sum).map(|tokens| format!("{tokens} tokens"))
}

/// Formats the cost in dollars, and the number of calls that it leaves out because their model has no price.
pub(crate) fn cost(metrics: &Object) -> Option<String> {
    let number_of = |name: &str| metrics.get(name).and_then(Value::as_f64);
    let cost = number_of(keys::COST_USD.name).map(dollars)?;
    let unpriced = number_of(keys::UNPRICED_CALLS.name).filter(|calls| *calls > 0.0);
    let unpriced = unpriced.map(|calls| format!(" + {} unpriced", number(calls)));
    Some(cost + &unpriced.unwrap_or_default())
}

fn cache(context: &Object) -> Option<String> {
    let hit = context.get(keys::CACHE_HIT.name).and_then(Value::as_bool)?;
    let cache = context
        .get(keys::CACHE.name)
        .and_then(Value::as_str)
        .map(safe);
    let outcome = if hit { "hit" } else { "miss" };
    Some(
        format!("{} cache {outcome}", cache.unwrap_or_default())
            .trim_start()
            .to_owned(),
    )
}

/// Returns true for context fields that repeat the outcome, or are shown by [`model_call`].
pub(crate) fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 11] = [
        keys::OPERATION.name,
        keys::STATUS.name,
        keys::ERROR_SPAN_ID.name,
        keys::THRESHOLD_MS.name,
        keys::CANCELLED_BY.name,
        keys::KIND.name,
        keys::MODEL.name,
        keys::USAGE_ESTIMATED.name,
        keys::FALLBACK_TO.name,
        keys::CACHE.name,
        keys::CACHE_HIT.name,
    ];
    RESERVED.contains(&name) || name.starts_with("versions.")
}

/// Returns true for metrics that the call itself recorded: neither a total of the request nor shown by [`model_call`].
fn is_custom(name: &str) -> bool {
    const RESERVED: [&str; 18] = [
        keys::DURATION_MS.name,
        keys::TIME_TO_FIRST_ITEM_MS.name,
        keys::LONGEST_GAP_MS.name,
        keys::ITEMS.name,
        keys::ATTEMPTS.name,
        keys::RETRY_WAIT_MS.name,
        keys::COST_USD.name,
        keys::LLM_CALLS.name,
        keys::UNPRICED_CALLS.name,
        keys::RETRIES.name,
        keys::CACHE_HITS.name,
        keys::CACHE_MISSES.name,
        keys::SPANS.name,
        "tokens",
        keys::TOTAL_BUDGET.name,
        keys::ALLOCATED_QUERY.name,
        keys::ALLOCATED_CONTEXT.name,
        keys::ALLOCATED_RESPONSE.name,
    ];
    !RESERVED.contains(&name) && !name.ends_with("_tokens") && !name.starts_with("self_ms.")
}

/// The most informative metrics of a call, in order; others follow by name.
const INFORMATIVE: [&str; 8] = [
    "chunks",
    "chunks_retrieved",
    "hits",
    "results",
    keys::DOCUMENT_COUNT.name,
    keys::BEST_SCORE.name,
    keys::SCORE.name,
    "faithfulness",
];

/// The metrics that are counts, formatted as in `15 chunks`.
const COUNTED: [&str; 8] = [
    "chunks",
    "hits",
    "results",
    keys::DOCUMENT_COUNT.name,
    "candidates",
    "turns",
    keys::CLAIMS.name,
    "pages",
];

fn rank(name: &str) -> usize {
    INFORMATIVE
        .iter()
        .position(|known| *known == name)
        .unwrap_or(INFORMATIVE.len())
}

/// The text that replaces a secret value.
const REDACTED: &str = "[redacted]";

/// The maximum width of a text value.
const MAX_TEXT: usize = 24;

fn format_value(name: &str, value: &Value) -> Option<String> {
    let (unit, value) = match value {
        Value::Number(value) => {
            let float = value.as_f64()?;
            if COUNTED.contains(&name) {
                return Some(counted(name, float));
            }
            match quantity(name, float) {
                ("", _) if !value.is_f64() => ("", integer(&value.to_string())),
                quantity => quantity,
            }
        }
        Value::String(text) if text != REDACTED && columns(text) <= MAX_TEXT => ("", safe(text)),
        Value::Bool(value) => ("", value.to_string()),
        _ => return None,
    };
    let name = name.strip_suffix(unit).unwrap_or(name);
    let name = safe(name.strip_prefix("time_to_").unwrap_or(name)).replace('_', " ");
    let name = if name == "best score" { "best" } else { &name };
    Some(format!("{name} {value}"))
}

fn counted(name: &str, value: f64) -> String {
    let one = name.strip_suffix('s').filter(|_| value == 1.0);
    format!("{} {}", number(value), one.unwrap_or(name))
}

/// Returns the suffix of the name that is the unit, and the value with that unit.
fn quantity(name: &str, value: f64) -> (&'static str, String) {
    if name.ends_with("_ms") {
        ("_ms", duration(value))
    } else if name.ends_with("_usd") {
        ("_usd", dollars(value))
    } else {
        ("", number(value))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(context: Value, metrics: Value) -> Vec<String> {
        let (Value::Object(context), Value::Object(metrics)) = (context, metrics) else {
            panic!("both are objects");
        };
        values(&context, &metrics)
    }

    #[test]
    fn integers_that_no_float_holds_are_shown_exactly() {
        let context =
            json!({"shard": 9_007_199_254_740_993_u64, "after": -9_007_199_254_740_993_i64});
        let values = shown(context, json!({}));
        assert_eq!(
            values,
            [
                "after -9,007,199,254,740,993",
                "shard 9,007,199,254,740,993"
            ]
        );
    }

    #[test]
    fn a_model_call_shows_its_first_token_tokens_by_kind_cost_and_model() {
        let metrics = json!({
            "time_to_first_item_ms": 90, "items": 41, "longest_gap_ms": 7, "duration_ms": 298, "input_tokens": 1400,
            "cached_input_tokens": 600, "output_tokens": 270, "reasoning_tokens": 40, "total_tokens": 2310,
            "cost_usd": 0.0011,
        });
        assert_eq!(
            shown(
                json!({"model": "gpt-4o-mini", "kind": "agent", "versions.prompt": "v3"}),
                metrics
            ),
            [
                "first token 90 ms",
                "1,400 + 600 cached → 270 + 40 reasoning tokens",
                "$0.0011",
                "gpt-4o-mini"
            ]
        );
    }

    #[test]
    fn an_embedding_has_only_input_tokens() {
        let metrics = json!({"input_tokens": 29, "output_tokens": 0, "total_tokens": 29});
        assert_eq!(
            shown(json!({"model": "embed-3"}), metrics),
            ["29 tokens", "embed-3"]
        );
    }

    #[test]
    fn retries_fallbacks_and_cache_misses_are_shown() {
        let context = json!({
            "model": "m", "fallback_to": "mini", "usage_estimated": true, "cache": "answers", "cache_hit": false,
        });
        assert_eq!(
            shown(
                context,
                json!({"attempts": 3, "retry_wait_ms": 250, "items": 2})
            ),
            [
                "usage estimated",
                "3 attempts",
                "fell back to mini",
                "answers cache miss",
                "m"
            ]
        );
        assert_eq!(
            shown(
                json!({"cache": "x", "cache_hit": true}),
                json!({"attempts": 1})
            ),
            ["x cache hit"]
        );
    }

    #[test]
    fn a_request_shows_its_totals_and_no_internal_metrics() {
        let sums = json!({
            "llm_calls": 2, "total_tokens": 2310, "cost_usd": 0.0011, "spans": 9, "self_ms.api": 3.0, "retries": 1,
            "faithfulness": 0.94,
        });
        assert_eq!(
            shown(json!({}), sums),
            ["faithfulness 0.94", "2,310 tokens", "$0.0011"]
        );
    }

    #[test]
    fn an_incomplete_cost_shows_the_number_of_unpriced_calls() {
        let sums =
            json!({"llm_calls": 3, "total_tokens": 30, "cost_usd": 0.5, "unpriced_calls": 2});
        assert_eq!(
            shown(json!({}), sums),
            ["30 tokens", "$0.5000 + 2 unpriced"]
        );
        let unknown = json!({"llm_calls": 1, "total_tokens": 30, "unpriced_calls": 1});
        assert_eq!(shown(json!({}), unknown), ["30 tokens"]);
    }

    #[test]
    fn documents_are_shown_as_their_number_and_best_score() {
        let context = json!({"documents": [{"id": "bees#1", "score": 0.81}], "top_k": 5});
        let metrics = json!({"documents": 1, "best_score": 0.81});
        assert_eq!(shown(context, metrics), ["1 document", "best 0.81"]);
    }

    #[test]
    fn a_stream_without_a_model_has_a_first_item() {
        let metrics = json!({"time_to_first_item_ms": 9, "items": 2});
        assert_eq!(shown(json!({}), metrics), ["first item 9.0 ms"]);
    }
}
