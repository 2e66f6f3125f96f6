//! The stages that the demonstration's requests are made of: a usual call of each.

use serde_json::json;

use super::call::{Call, Ending, Trouble};
use super::dice::Dice;

const RATE_LIMITED: Trouble = (
    "rate_limited",
    "the model's rate limit is used up, retry after 2 s",
    &["429 Too Many Requests"],
);

pub(super) fn call(layer: &'static str, operation: &'static str, site: &'static str) -> Call {
    Call {
        layer,
        operation,
        site,
        ..Call::default()
    }
}

pub(super) fn recall(dice: &mut Dice) -> Call {
    Call {
        duration: dice.about(3),
        metrics: vec![("turns", json!(dice.below(9)))],
        ..call("memory", "recall_history", "src/memory.rs:22")
    }
}

pub(super) fn embed_query(dice: &mut Dice) -> Call {
    Call {
        duration: dice.about(14),
        context: vec![("model", json!("text-embedding-3-small"))],
        metrics: vec![("input_tokens", json!(dice.between(8, 40)))],
        ..call("retrieval", "embed_query", "src/retrieve.rs:17")
    }
}

/// Both searches run side by side, and the better of what they find is ranked.
pub(super) fn search(dice: &mut Dice, below: Vec<Call>) -> Call {
    let end = |call: &Call| call.start + call.duration;
    let duration = below.iter().map(end).max().unwrap_or(0) + dice.about(1);
    Call {
        duration,
        below,
        context: vec![("top_k", json!(12)), ("index", json!("docs-v3"))],
        ..call("retrieval", "hybrid_search", "src/retrieve.rs:31")
    }
}

pub(super) fn bm25(dice: &mut Dice) -> Call {
    Call {
        duration: dice.about(11),
        metrics: vec![("hits", json!(dice.between(3, 40)))],
        ..call("retrieval", "bm25", "src/retrieve.rs:58")
    }
}

pub(super) fn vectors(dice: &mut Dice) -> Call {
    Call {
        duration: dice.about(38),
        context: vec![("shard", json!(dice.of(&["index-1", "index-2"], "index-1")))],
        metrics: vec![("hits", json!(12))],
        ..call("retrieval", "vector_search", "src/retrieve.rs:74")
    }
}

pub(super) fn rerank(dice: &mut Dice, start: u64) -> Call {
    Call {
        start,
        duration: dice.about(52),
        metrics: vec![("best_score", json!(dice.score(55, 97)))],
        ..call("retrieval", "rerank", "src/rerank.rs:40")
    }
}

pub(super) fn found(dice: &mut Dice) -> Call {
    let both = vec![bm25(dice), vectors(dice)];
    let start = both.iter().map(|call| call.duration).max().unwrap_or(0);
    let below = both.into_iter().chain([rerank(dice, start)]).collect();
    Call {
        metrics: vec![
            ("chunks", json!(dice.between(4, 12))),
            ("best_score", json!(dice.score(55, 97))),
        ],
        ..search(dice, below)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few thousand tokens")]
pub(super) fn generate(dice: &mut Dice, millis: u64) -> Call {
    let (input, output) = (dice.between(900, 4_200), dice.between(60, 520));
    let model = dice.of(&["gpt-4o-mini", "gpt-4o-mini", "gpt-4o"], "gpt-4o-mini");
    let price = if model == "gpt-4o" { 16.0 } else { 1.0 };
    let cost = price * (input as f64 * 0.15 + output as f64 * 0.6) / 1e6;
    let duration = dice.about(millis);
    Call {
        duration,
        context: vec![("model", json!(model))],
        metrics: vec![
            ("time_to_first_item_ms", json!(duration / 3 / 1000)),
            ("input_tokens", json!(input)),
            ("output_tokens", json!(output)),
            ("total_tokens", json!(input + output)),
            ("cost_usd", json!((cost * 1e6).round() / 1e6)),
        ],
        ..call("generation", "generate", "src/generate.rs:29")
    }
}

/// Before it is retried, or given up.
pub(super) fn limited(dice: &mut Dice) -> Call {
    Call {
        duration: dice.about(120),
        ending: Ending::Refused,
        trouble: Some(RATE_LIMITED),
        context: vec![("model", json!("gpt-4o")), ("retry_after", json!(2))],
        said: vec![(
            90_000,
            "DEBUG",
            "hyper_util::client",
            "response 429 in 88 ms",
        )],
        ..call("generation", "generate", "src/generate.rs:29")
    }
}

pub(super) fn evaluate(dice: &mut Dice) -> Call {
    Call {
        duration: dice.about(46),
        metrics: vec![("faithfulness", json!(dice.score(58, 99)))],
        ..call("evaluation", "evaluate", "src/evaluate.rs:15")
    }
}
