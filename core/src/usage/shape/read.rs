//! Reads the counts of each shape.

use super::json::{Object, at, count, detail, first, sum};
use crate::usage::counts::{Counts, Relation};

/// The details of the prompt, by the names of several protocols.
const PROMPT_DETAILS: [&str; 3] = [
    "prompt_tokens_details",
    "input_tokens_details",
    "input_token_details",
];
const COMPLETION_DETAILS: [&str; 3] = [
    "completion_tokens_details",
    "output_tokens_details",
    "output_token_details",
];
const REASONING: [&str; 3] = ["reasoning_tokens", "thinking_tokens", "reasoning"];
/// Tokens written to the cache for an hour, and for five minutes.
const EPHEMERAL: [&str; 2] = ["ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens"];

/// Keeps counts that have at least one side.
fn some(counts: Counts) -> Option<Counts> {
    (counts.prompt.is_some() || counts.completion.is_some()).then_some(counts)
}

pub(super) fn chat(object: &Object) -> Option<Counts> {
    let own = |keys: &[&str]| first(object, keys);
    let mut counts = inclusive(object);
    counts.prompt = own(&["prompt_tokens"]);
    counts.completion = own(&["completion_tokens"]);
    let beside = [
        "prompt_cache_hit_tokens",
        "cache_read_input_tokens",
        "cached_tokens",
    ];
    counts.cached = counts.cached.or_else(|| own(&beside));
    let mut counts = some(counts)?;
    if is_gemini(object) {
        let rest = counts.total?.saturating_sub(counts.prompt?);
        counts.completion = counts.completion.max(Some(rest));
    }
    Some(counts)
}

/// Gemini behind this protocol has three counts alone, and leaves its reasoning out of all but the total.
fn is_gemini(object: &Object) -> bool {
    let counts = object.iter().filter(|(_, value)| count(value).is_some());
    let keys = ["prompt_tokens", "completion_tokens", "total_tokens"];
    let mut others = counts.filter(|(key, _)| !keys.contains(&key.as_str()));
    others.next().is_none()
        && keys.iter().all(|key| object.contains_key(*key))
        && object.values().all(|value| !value.is_object())
}

pub(super) fn responses(object: &Object) -> Option<Counts> {
    let mut counts = inclusive(object);
    counts.prompt = first(object, &["input_tokens"]);
    counts.completion = first(object, &["output_tokens"]);
    counts.cached = counts
        .cached
        .or_else(|| first(object, &["cache_read_input_tokens"]));
    some(counts)
}

/// Reads details that the prompt and the completion usually contain.
fn inclusive(object: &Object) -> Counts {
    let mut counts = Counts {
        cached: detail(object, &PROMPT_DETAILS, &["cached_tokens", "cache_read"]),
        reasoning: detail(object, &COMPLETION_DETAILS, &REASONING)
            .or_else(|| first(object, &["reasoning_tokens"])),
        total: first(object, &["total_tokens"]),
        cache: Relation::ByTotal,
        thoughts: Relation::ByTotal,
        ..Counts::default()
    };
    let written = [
        "cache_write_tokens",
        "cache_creation_tokens",
        "cache_creation_input_tokens",
        "cache_creation",
    ];
    let written = detail(object, &PROMPT_DETAILS, &written);
    let written = written.or_else(|| first(object, &["cache_creation_input_tokens"]));
    let details = PROMPT_DETAILS.iter().filter_map(|key| at(object, &[key]));
    let [hour, minutes] =
        ephemeral(details.flat_map(|details| [Some(details), at(details, &["cache_creation"])]));
    counts.billing.hour_cache_write = hour;
    let both = hour.saturating_add(minutes);
    counts.written = written.max((both > 0).then_some(both));
    counts.billing.audio_input =
        detail(object, &PROMPT_DETAILS, &["audio_tokens", "audio"]).unwrap_or(0);
    counts.billing.audio_output =
        detail(object, &COMPLETION_DETAILS, &["audio_tokens", "audio"]).unwrap_or(0);
    counts
}

/// Returns the tokens written for an hour and for five minutes, of the first object that has them.
fn ephemeral<'a>(mut objects: impl Iterator<Item = Option<&'a Object>>) -> [u64; 2] {
    let found = objects.find_map(|object| {
        let counts = EPHEMERAL.map(|key| first(object?, &[key]));
        counts.iter().any(Option::is_some).then_some(counts)
    });
    found.unwrap_or_default().map(Option::unwrap_or_default)
}

pub(super) fn library(object: &Object) -> Option<Counts> {
    some(Counts {
        prompt: first(object, &["input_tokens"]),
        completion: first(object, &["output_tokens"]),
        cached: first(object, &["cached_input_tokens"]),
        written: first(object, &["cache_creation_input_tokens"]),
        reasoning: first(object, &["reasoning_tokens", "reasoning_output_tokens"]),
        total: first(object, &["total_tokens"]),
        cache: Relation::ByTotal,
        thoughts: Relation::ByTotal,
        ..Counts::default()
    })
}

/// The cache is beside the input, and reasoning is in the output.
pub(super) fn messages(object: &Object) -> Option<Counts> {
    let mut counts = some(Counts {
        prompt: first(object, &["input_tokens"]),
        completion: first(object, &["output_tokens"]),
        cached: first(object, &["cache_read_input_tokens"]),
        written: first(object, &["cache_creation_input_tokens"]),
        reasoning: detail(object, &COMPLETION_DETAILS, &REASONING),
        thoughts: Relation::Inside,
        ..Counts::default()
    })?;
    let [hour, minutes] = ephemeral(std::iter::once(at(object, &["cache_creation"])));
    counts.billing.hour_cache_write = hour;
    let both = hour.saturating_add(minutes);
    counts.written = counts.written.or((both > 0).then_some(both));
    Some(counts)
}

pub(super) fn sdk(object: &Object) -> Option<Counts> {
    some(Counts {
        prompt: first(object, &["inputTokens"]),
        completion: first(object, &["outputTokens"]),
        cached: first(object, &["cachedInputTokens"]),
        reasoning: first(object, &["reasoningTokens"]),
        total: first(object, &["totalTokens"]),
        cache: Relation::ByTotal,
        thoughts: Relation::ByTotal,
        ..Counts::default()
    })
}

/// The cache is beside the input.
pub(super) fn converse(object: &Object) -> Option<Counts> {
    let mut counts = some(Counts {
        prompt: first(object, &["inputTokens", "inputTokenCount"]),
        completion: first(object, &["outputTokens", "outputTokenCount"]),
        cached: first(
            object,
            &["cacheReadInputTokens", "cacheReadInputTokenCount"],
        ),
        written: first(
            object,
            &["cacheWriteInputTokens", "cacheWriteInputTokenCount"],
        ),
        ..Counts::default()
    })?;
    let details = object
        .get("cacheDetails")
        .and_then(serde_json::Value::as_array);
    let details = details
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_object);
    let hour = details.filter(|detail| detail.get("ttl").is_some_and(|ttl| ttl == "1h"));
    let hour = hour.filter_map(|detail| first(detail, &["inputTokens"]));
    counts.billing.hour_cache_write = hour.fold(0, u64::saturating_add);
    Some(counts)
}

pub(super) fn llama(object: &Object) -> Option<Counts> {
    some(Counts {
        prompt: first(object, &["prompt_token_count"]),
        completion: first(object, &["generation_token_count"]),
        ..Counts::default()
    })
}

pub(super) fn titan(object: &Object) -> Option<Counts> {
    let of_results = || sum(object, "results", &[], &["tokenCount"]);
    some(Counts {
        prompt: first(object, &["inputTextTokenCount"]),
        completion: first(object, &["totalOutputTextTokenCount"]).or_else(of_results),
        ..Counts::default()
    })
}

/// The counts of the prompt and of the answer.
pub(super) const GEMINI: &[&str] = &[
    "promptTokenCount",
    "prompt_token_count",
    "candidatesTokenCount",
    "candidates_token_count",
    "responseTokenCount",
    "response_token_count",
];

/// The cache is in the prompt; thoughts and the prompts of tools are beside everything else.
pub(super) fn gemini(object: &Object) -> Option<Counts> {
    let (prompt, answer) = GEMINI.split_at(2);
    let tools = first(
        object,
        &["toolUsePromptTokenCount", "tool_use_prompt_token_count"],
    );
    let prompt = first(object, prompt);
    let mut counts = some(Counts {
        prompt: prompt.map(|prompt| prompt.saturating_add(tools.unwrap_or(0))),
        completion: first(object, answer),
        cached: first(
            object,
            &["cachedContentTokenCount", "cached_content_token_count"],
        ),
        reasoning: first(object, &["thoughtsTokenCount", "thoughts_token_count"]),
        cache: Relation::Inside,
        ..Counts::default()
    })?;
    counts.billing.audio_input = audio(object, &["promptTokensDetails", "prompt_tokens_details"]);
    let answers = [
        "candidatesTokensDetails",
        "candidates_tokens_details",
        "responseTokensDetails",
    ];
    counts.billing.audio_output = audio(object, &answers);
    Some(counts)
}

/// Returns the audio tokens in a list of modalities.
fn audio(object: &Object, lists: &[&str]) -> u64 {
    let lists = lists.iter().filter_map(|key| object.get(*key)?.as_array());
    let modalities = lists.flatten().filter_map(serde_json::Value::as_object);
    let audio = modalities.filter(|item| item.get("modality").is_some_and(|it| it == "AUDIO"));
    let counts = audio.filter_map(|item| first(item, &["tokenCount", "token_count"]));
    counts.fold(0, u64::saturating_add)
}

pub(super) fn interactions(object: &Object) -> Option<Counts> {
    let tools = first(object, &["total_tool_use_tokens"]).unwrap_or(0);
    let prompt = first(object, &["total_input_tokens"]);
    some(Counts {
        prompt: prompt.map(|prompt| prompt.saturating_add(tools)),
        completion: first(object, &["total_output_tokens"]),
        cached: first(object, &["total_cached_tokens"]),
        reasoning: first(object, &["total_thought_tokens"]),
        cache: Relation::Inside,
        ..Counts::default()
    })
}

/// The billed counts, else the counts of the model.
pub(super) fn cohere(object: &Object) -> Option<Counts> {
    let mut parts = ["billed_units", "tokens"]
        .iter()
        .filter_map(|key| at(object, &[key]));
    parts.find_map(|part| {
        some(Counts {
            prompt: first(part, &["input_tokens"]),
            completion: first(part, &["output_tokens"]),
            ..Counts::default()
        })
    })
}

pub(super) fn ollama(object: &Object) -> Option<Counts> {
    some(Counts {
        prompt: first(object, &["prompt_eval_count"]),
        completion: first(object, &["eval_count"]),
        ..Counts::default()
    })
}

pub(super) fn watsonx(object: &Object) -> Option<Counts> {
    some(Counts {
        prompt: first(object, &["input_token_count"]),
        completion: first(object, &["generated_token_count", "output_token_count"]),
        ..Counts::default()
    })
}

pub(super) fn watsonx_results(object: &Object) -> Option<Counts> {
    some(Counts {
        prompt: sum(object, "results", &[], &["input_token_count"]),
        completion: sum(object, "results", &[], &["generated_token_count"]),
        ..Counts::default()
    })
}

pub(super) fn predictions(object: &Object) -> Option<Counts> {
    let position = ["embeddings", "statistics"];
    some(Counts {
        prompt: sum(object, "predictions", &position, &["token_count"]),
        ..Counts::default()
    })
}

pub(super) fn total(object: &Object) -> Option<Counts> {
    some(Counts {
        prompt: first(object, &["total_tokens"]),
        ..Counts::default()
    })
}
