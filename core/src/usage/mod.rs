//! The tokens and the cost of model calls, in kinds that do not overlap.

mod billing;
mod cost;
mod counts;
mod shape;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde_json::Value;

pub use billing::{Billing, ParseTierError, ServiceTier};
pub use cost::Cost;

use self::counts::Reported;

/// The tokens of one model call or of several, by how they are billed.
///
/// The kinds are disjoint: each token counts in one of them only, although some providers count tokens twice. They add
/// up to the provider's own total, and each can be multiplied by its own price. Two usages are equal if their counts are.
///
/// ```
/// use ragspan::Usage;
///
/// let usage = Usage::new(400, 120).with_cached_input(600);
/// assert_eq!(usage.total(), 1120);
/// ```
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the prompt that were neither read from the provider's cache nor written to it.
    pub input: u64,
    /// Tokens of the prompt that came from the provider's cache.
    pub cached_input: u64,
    /// Tokens of the prompt that were written to the provider's cache.
    pub cache_write: u64,
    /// Tokens of the answer, without those of its reasoning if the provider counts them separately.
    pub output: u64,
    /// Tokens of reasoning that came before the answer.
    pub reasoning: u64,
    billing: Billing,
    reported: Reported,
}

impl Usage {
    /// Returns the usage of a call without a cache and without reasoning.
    #[must_use]
    pub const fn new(input: u64, output: u64) -> Self {
        Self {
            input,
            output,
            cached_input: 0,
            cache_write: 0,
            reasoning: 0,
            billing: Billing {
                tier: ServiceTier::Standard,
                hour_cache_write: 0,
                audio_input: 0,
                audio_output: 0,
                has_other_charges: false,
            },
            reported: Reported::NONE,
        }
    }

    /// Adds tokens of the prompt, beside `input`, that came from the provider's cache.
    #[must_use]
    pub const fn with_cached_input(mut self, tokens: u64) -> Self {
        self.cached_input = tokens;
        self
    }

    /// Adds tokens of the prompt, beside `input`, that were written to the provider's cache.
    #[must_use]
    pub const fn with_cache_write(mut self, tokens: u64) -> Self {
        self.cache_write = tokens;
        self
    }

    /// Adds tokens of reasoning, beside `output`.
    #[must_use]
    pub const fn with_reasoning(mut self, tokens: u64) -> Self {
        self.reasoning = tokens;
        self
    }

    /// Sets the parts that are billed at another price than the kind of their tokens.
    ///
    /// ```
    /// use ragspan::Usage;
    /// use ragspan::prices::{Billing, ServiceTier};
    ///
    /// let mut billing = Billing::default();
    /// billing.tier = ServiceTier::Batch;
    /// assert_eq!(Usage::new(400, 120).with_billing(billing).billing().tier, ServiceTier::Batch);
    /// ```
    #[must_use]
    pub const fn with_billing(mut self, billing: Billing) -> Self {
        self.billing = billing;
        self
    }

    /// Returns the parts that are billed at another price than the kind of their tokens.
    #[must_use]
    pub const fn billing(&self) -> Billing {
        self.billing
    }

    /// Reads the token counts in the JSON of a provider: of a whole response, its `usage` object, a line of a batch
    /// file, or a chunk of a stream; of a list of chunks, of all of them, merged in order.
    ///
    /// Knows the shapes of `OpenAI` (chat completions, responses, embeddings, and the providers that use its protocol),
    /// Anthropic, Gemini, Vertex, Bedrock (also Llama and Titan), Cohere, Ollama, `DashScope`, watsonx, and of the
    /// libraries `LangChain` and rig. Returns `None` for every other shape, and for a chunk without counts
    /// (`"usage": null`). An impossible number, such as a negative one, counts as the nearest possible one.
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

    /// Returns the tokens of all kinds.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.prompt().saturating_add(self.generated())
    }

    /// Returns the tokens that were sent: `input`, `cached_input` and `cache_write`.
    #[must_use]
    pub const fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cached_input)
            .saturating_add(self.cache_write)
    }

    /// Returns the tokens that were generated: `output` and `reasoning`.
    #[must_use]
    pub const fn generated(&self) -> u64 {
        self.output.saturating_add(self.reasoning)
    }

    /// Returns the usage after `later` arrived in the same stream, where each chunk counts from the beginning of the
    /// answer.
    ///
    /// A kind that `later` does not report stays as it was: Anthropic's first chunk has the cache, its last one the answer.
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
        counts::merge(self, later)
    }

    /// Returns every kind with its name in metrics and records, and its tokens.
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

impl Usage {
    /// Returns the counts, which decide equality.
    const fn counts(&self) -> [u64; 5] {
        [
            self.input,
            self.cached_input,
            self.cache_write,
            self.output,
            self.reasoning,
        ]
    }
}

impl PartialEq for Usage {
    fn eq(&self, other: &Self) -> bool {
        self.counts() == other.counts()
    }
}

impl Eq for Usage {}

impl Hash for Usage {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.counts().hash(state);
    }
}

impl fmt::Debug for Usage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("Usage");
        for (kind, tokens) in self.kinds() {
            shown.field(kind, &tokens);
        }
        shown.field("billing", &self.billing).finish()
    }
}

/// The same as [`Usage::from_json`], with zero tokens in place of `None`.
impl From<&Value> for Usage {
    fn from(json: &Value) -> Self {
        Self::from_json(json).unwrap_or_default()
    }
}

/// A sum that does not fit is the largest number.
impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cached_input: self.cached_input.saturating_add(other.cached_input),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
            billing: match (self.total(), other.total()) {
                (0, _) => other.billing,
                (_, 0) => self.billing,
                _ => self.billing.sum(other.billing),
            },
            reported: Reported::NONE,
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
        all.reduce(Add::add).unwrap_or_default()
    }
}

impl<'a> Sum<&'a Self> for Usage {
    fn sum<I: Iterator<Item = &'a Self>>(all: I) -> Self {
        all.copied().sum()
    }
}
