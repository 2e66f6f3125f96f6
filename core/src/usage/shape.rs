//! Reads the token counts of each provider's JSON into kinds that do not overlap.

use serde_json::{Map, Value};

use super::Usage;

type Object = Map<String, Value>;

/// Where the counts stand in a response or in a chunk of a stream, from the outside in.
const USAGE_OBJECTS: [&[&str]; 10] = [
    &["usage"],
    &["usageMetadata"],
    &["usage_metadata"],
    // The first event of an Anthropic stream.
    &["message", "usage"],
    // The last event of a stream of OpenAI's responses.
    &["response", "usage"],
    // The last event of a Cohere stream.
    &["delta", "usage"],
    &["metadata", "usage"],
    &["x_groq", "usage"],
    // Cohere's first version.
    &["meta"],
    // The last chunk of a model that is invoked on Bedrock.
    &["amazon-bedrock-invocationMetrics"],
];

/// Of a list only the objects in it count: no depth of nesting can exhaust the stack.
pub(super) fn read(json: &Value) -> Option<Usage> {
    match json {
        Value::Object(object) => in_object(object),
        Value::Array(chunks) => {
            let objects = chunks.iter().filter_map(Value::as_object);
            objects.filter_map(in_object).reduce(Usage::merge)
        }
        _ => None,
    }
}

fn in_object(object: &Object) -> Option<Usage> {
    let mut positions = USAGE_OBJECTS
        .iter()
        .filter_map(|position| at(object, position));
    positions.find_map(counts).or_else(|| counts(object))
}

fn at<'a>(object: &'a Object, position: &[&str]) -> Option<&'a Object> {
    position
        .iter()
        .try_fold(object, |inner, key| inner.get(*key)?.as_object())
}

/// The shapes share no key, so the order does not matter.
fn counts(object: &Object) -> Option<Usage> {
    chat(object)
        .or_else(|| messages(object))
        .or_else(|| bedrock(object))
        .or_else(|| gemini(object))
        .or_else(|| cohere(object))
        .or_else(|| ollama(object))
}

/// Chat completions and embeddings of `OpenAI`, and of all who speak its protocol.
fn chat(object: &Object) -> Option<Usage> {
    let (prompt, completion) = pair(object, "prompt_tokens", "completion_tokens")?;
    let details = object.get("prompt_tokens_details");
    let inclusive = Inclusive {
        prompt,
        completion,
        // DeepSeek names it beside the details.
        cached: inner(details, &["cached_tokens"])
            .or_else(|| first(object, &["prompt_cache_hit_tokens"])),
        written: inner(details, &["cache_write_tokens", "cache_creation_tokens"])
            .or_else(|| first(object, &["cache_creation_input_tokens"])),
        reasoning: inner(
            object.get("completion_tokens_details"),
            &["reasoning_tokens"],
        )
        .or_else(|| first(object, &["reasoning_tokens"])),
        total: first(object, &["total_tokens"]),
    };
    Some(inclusive.usage())
}

/// Anthropic's messages and `OpenAI`'s responses: the same words, but only the latter count cached tokens as input.
fn messages(object: &Object) -> Option<Usage> {
    let (prompt, completion) = pair(object, "input_tokens", "output_tokens")?;
    let of_output = ["output_tokens_details", "output_token_details"];
    let reasoning = of_output.iter().find_map(|key| {
        let words = ["reasoning_tokens", "thinking_tokens", "reasoning"];
        inner(object.get(*key), &words)
    });
    let apart = ["cache_read_input_tokens", "cache_creation_input_tokens"];
    if apart.iter().any(|key| object.contains_key(*key)) {
        let reasoning = reasoning.unwrap_or(0).min(completion);
        return Some(
            Usage::new(prompt, completion.saturating_sub(reasoning))
                .with_cached_input(first(object, &["cache_read_input_tokens"]).unwrap_or(0))
                .with_cache_write(first(object, &["cache_creation_input_tokens"]).unwrap_or(0))
                .with_reasoning(reasoning),
        );
    }
    let details = ["input_tokens_details", "input_token_details"];
    let detail = |words: &[&str]| {
        let mut objects = details.iter().map(|key| object.get(*key));
        objects.find_map(|object| inner(object, words))
    };
    let inclusive = Inclusive {
        prompt,
        completion,
        cached: detail(&["cached_tokens", "cache_read"]),
        written: detail(&["cache_write_tokens", "cache_creation"]),
        reasoning,
        total: first(object, &["total_tokens"]),
    };
    Some(inclusive.usage())
}

/// Counts of which some are contained in others.
struct Inclusive {
    prompt: u64,
    completion: u64,
    cached: Option<u64>,
    written: Option<u64>,
    reasoning: Option<u64>,
    total: Option<u64>,
}

impl Inclusive {
    fn usage(&self) -> Usage {
        let cached = self.cached.unwrap_or(0).min(self.prompt);
        let uncached = self.prompt.saturating_sub(cached);
        let written = self.written.unwrap_or(0).min(uncached);
        // Some leave reasoning out of the completion, but not out of their total: what is no prompt was made.
        let rest = self.total.unwrap_or(0).saturating_sub(self.prompt);
        let generated = self.completion.max(rest);
        let reasoning = self.reasoning.unwrap_or(0).min(generated);
        Usage::new(
            uncached.saturating_sub(written),
            generated.saturating_sub(reasoning),
        )
        .with_cached_input(cached)
        .with_cache_write(written)
        .with_reasoning(reasoning)
    }
}

/// Bedrock's converse, and the metrics of an invocation: cached tokens stand beside the input.
fn bedrock(object: &Object) -> Option<Usage> {
    let (input, output) = pair(object, "inputTokens", "outputTokens")
        .or_else(|| pair(object, "inputTokenCount", "outputTokenCount"))?;
    let read = ["cacheReadInputTokens", "cacheReadInputTokenCount"];
    let written = ["cacheWriteInputTokens", "cacheWriteInputTokenCount"];
    Some(
        Usage::new(input, output)
            .with_cached_input(first(object, &read).unwrap_or(0))
            .with_cache_write(first(object, &written).unwrap_or(0)),
    )
}

/// Gemini counts cached tokens in the prompt, but thoughts and the prompts of tools beside everything else.
fn gemini(object: &Object) -> Option<Usage> {
    let count = |words: &[&str]| first(object, words);
    let prompt = count(&["promptTokenCount", "prompt_token_count"]);
    let answer = count(&[
        "candidatesTokenCount",
        "candidates_token_count",
        "responseTokenCount",
        "response_token_count",
    ]);
    if prompt.is_none() && answer.is_none() {
        return None;
    }
    let prompt = prompt.unwrap_or(0);
    let cached = count(&["cachedContentTokenCount", "cached_content_token_count"]);
    let cached = cached.unwrap_or(0).min(prompt);
    let tools = count(&["toolUsePromptTokenCount", "tool_use_prompt_token_count"]).unwrap_or(0);
    let input = prompt.saturating_sub(cached).saturating_add(tools);
    let thoughts = count(&["thoughtsTokenCount", "thoughts_token_count"]).unwrap_or(0);
    Some(
        Usage::new(input, answer.unwrap_or(0))
            .with_cached_input(cached)
            .with_reasoning(thoughts),
    )
}

/// Cohere tells what it bills apart from what it counted.
fn cohere(object: &Object) -> Option<Usage> {
    let mut parts = ["billed_units", "tokens"]
        .iter()
        .filter_map(|key| object.get(*key)?.as_object());
    let (input, output) = parts.find_map(|part| pair(part, "input_tokens", "output_tokens"))?;
    Some(Usage::new(input, output))
}

fn ollama(object: &Object) -> Option<Usage> {
    let (input, output) = pair(object, "prompt_eval_count", "eval_count")?;
    Some(Usage::new(input, output))
}

/// Both counts, if there is at least one: the other is zero, as embeddings have no output.
fn pair(object: &Object, input: &str, output: &str) -> Option<(u64, u64)> {
    let (input, output) = (first(object, &[input]), first(object, &[output]));
    (input.is_some() || output.is_some()).then(|| (input.unwrap_or(0), output.unwrap_or(0)))
}

/// The first of these keys that has a number.
fn first(object: &Object, keys: &[&str]) -> Option<u64> {
    keys.iter().find_map(|key| count(object.get(*key)?))
}

fn inner(object: Option<&Value>, keys: &[&str]) -> Option<u64> {
    first(object?.as_object()?, keys)
}

/// A number as a count: whole, and none below zero.
fn count(value: &Value) -> Option<u64> {
    if let Some(whole) = value.as_u64() {
        return Some(whole);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "`as` saturates"
    )]
    value.as_f64().map(|number| number as u64)
}
