//! The tokens and the cost of model calls, in kinds that do not overlap.

mod cost;
mod shape;
#[cfg(test)]
mod tests;

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde_json::Value;

pub use cost::Cost;

/// The tokens of one model call or of several, by how they are billed.
///
/// The kinds are disjoint: a token counts in one of them only, whatever the provider does. So they add up to the
/// provider's own total, and each can be multiplied by its own price.
///
/// ```
/// use ragspan::Usage;
///
/// let usage = Usage::new(400, 120).with_cached_input(600);
/// assert_eq!(usage.total(), 1120);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the prompt that were neither read from the provider's cache nor written to it.
    pub input: u64,
    /// Tokens of the prompt that came from the provider's cache.
    pub cached_input: u64,
    /// Tokens of the prompt that were written to the provider's cache.
    pub cache_write: u64,
    /// Tokens of the answer, without those of its reasoning where the provider tells them apart.
    pub output: u64,
    /// Tokens of reasoning that came before the answer.
    pub reasoning: u64,
}

impl Usage {
    /// A call without a cache and without reasoning.
    #[must_use]
    pub const fn new(input: u64, output: u64) -> Self {
        Self {
            input,
            output,
            cached_input: 0,
            cache_write: 0,
            reasoning: 0,
        }
    }

    /// So many tokens of the prompt, beside `input`, came from the provider's cache.
    #[must_use]
    pub const fn with_cached_input(mut self, tokens: u64) -> Self {
        self.cached_input = tokens;
        self
    }

    /// So many tokens of the prompt, beside `input`, were written to the provider's cache.
    #[must_use]
    pub const fn with_cache_write(mut self, tokens: u64) -> Self {
        self.cache_write = tokens;
        self
    }

    /// So many tokens, beside `output`, were reasoning.
    #[must_use]
    pub const fn with_reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = tokens;
        self
    }

    /// Reads what a provider's JSON says of its tokens: a whole response, its `usage` object, or a chunk of a
    /// stream; of a list of chunks, all of them, one merged into the next.
    ///
    /// It knows the shapes of `OpenAI` (chat completions, responses, embeddings, and those who speak its protocol),
    /// Anthropic, Gemini, Bedrock, Cohere and Ollama. `None` is whatever has no known shape, and a chunk that says
    /// nothing yet (`"usage": null`). A number that cannot be, such as a negative one, counts as the nearest that can.
    ///
    /// ```
    /// use ragspan::Usage;
    /// use serde_json::json;
    ///
    /// let response = json!({
    ///     "model": "gpt-4o-mini",
    ///     "usage": {
    ///         "prompt_tokens": 1000, "completion_tokens": 120, "total_tokens": 1120,
    ///         "prompt_tokens_details": {"cached_tokens": 600},
    ///     },
    /// });
    /// assert_eq!(Usage::from_json(&response), Some(Usage::new(400, 120).with_cached_input(600)));
    /// assert_eq!(Usage::from_json(&json!({"choices": [], "usage": null})), None);
    /// ```
    #[must_use]
    pub fn from_json(json: &Value) -> Option<Self> {
        shape::read(json)
    }

    /// Everything, however it is billed.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.prompt().saturating_add(self.generated())
    }

    /// Everything that was sent: `input`, `cached_input` and `cache_write`.
    #[must_use]
    pub const fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cached_input)
            .saturating_add(self.cache_write)
    }

    /// Everything that was made: `output` and `reasoning`.
    #[must_use]
    pub const fn generated(&self) -> u64 {
        self.output.saturating_add(self.reasoning)
    }

    /// What is known after `later` came in the same stream, where each chunk counts from the beginning of the answer.
    ///
    /// A chunk may tell one side only, as Anthropic's first does of the prompt and its last of the answer: the
    /// other side stays as it was.
    ///
    /// ```
    /// use ragspan::Usage;
    /// use serde_json::json;
    ///
    /// let start = json!({"type": "message_start", "message": {"usage": {"input_tokens": 25, "output_tokens": 1}}});
    /// let delta = json!({"type": "message_delta", "usage": {"output_tokens": 15}});
    /// let usage = Usage::from(&start).merge(Usage::from(&delta));
    /// assert_eq!(usage, Usage::new(25, 15));
    /// ```
    #[must_use]
    pub const fn merge(self, later: Self) -> Self {
        let prompt = if later.prompt() > 0 { later } else { self };
        let generated = if later.generated() > 0 { later } else { self };
        Self {
            output: generated.output,
            reasoning: generated.reasoning,
            ..prompt
        }
    }

    /// Every kind with its name, as metrics and records spell it.
    pub const fn kinds(&self) -> [(&'static str, u64); 5] {
        [
            ("input", self.input),
            ("cached_input", self.cached_input),
            ("cache_write", self.cache_write),
            ("output", self.output),
            ("reasoning", self.reasoning),
        ]
    }
}

/// As [`Usage::from_json`], but nothing is zero: for where there must be a usage.
impl From<&Value> for Usage {
    fn from(json: &Value) -> Self {
        Self::from_json(json).unwrap_or_default()
    }
}

/// What does not fit stays at the largest number.
impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached_input: self.cached_input.saturating_add(other.cached_input),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

impl<'a> Sum<&'a Self> for Usage {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.copied().sum()
    }
}
