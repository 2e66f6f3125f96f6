//! Makes the answer from the question and what was retrieved, offline by quoting or with a real model.

use std::time::{Duration, Instant};

use ragspan::{ErrorType, rag_span};

use crate::extract::quote;
#[cfg(feature = "openai")]
use crate::openai::{ChatClient, ChatError};
use crate::prompt::{RULES, user_prompt};
use crate::retrieve::Hit;
use crate::tokens::{Usage, count_tokens};

/// What writes the answers.
#[derive(Debug)]
#[non_exhaustive]
pub enum Generator {
    /// Quotes the sentences that answer; offline, and free.
    Extractive,
    /// A chat completion of a real model.
    #[cfg(feature = "openai")]
    Chat(ChatClient),
}

/// An answer before it is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The text, with its sources in square brackets.
    pub text: String,
    /// The model's name.
    pub model: String,
    /// What was sent and received.
    pub usage: Usage,
    /// How long the first words took, from the call on.
    pub first_token: Duration,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error, ErrorType)]
#[non_exhaustive]
pub enum GenerationError {
    /// The sources hold no sentence that could be quoted.
    #[error("the sources hold nothing that answers, ask with other words")]
    NothingToQuote,
    /// The model ended without a word.
    #[error("the model gave an empty answer, ask again or choose another with OPENAI_MODEL")]
    EmptyAnswer,
    /// The model could not be asked.
    #[cfg(feature = "openai")]
    #[error(transparent)]
    #[error_type(transparent)]
    Chat(#[from] ChatError),
}

/// How to get a real model, for those who run without one.
#[cfg(not(feature = "openai"))]
pub const OFFLINE_HINT: &str =
    "answers are quoted, offline; a real model: --features openai and OPENAI_API_KEY";

/// How to get a real model, for those who run without one.
#[cfg(feature = "openai")]
pub const OFFLINE_HINT: &str =
    "answers are quoted, offline; a real model: set OPENAI_API_KEY (and OPENAI_BASE_URL)";

impl Generator {
    /// The model that the environment describes, or the offline one.
    ///
    /// # Errors
    /// [`GenerationError`] if a model is described but no client can be made.
    #[cfg(feature = "openai")]
    pub fn from_vars(variable: impl Fn(&str) -> Option<String>) -> Result<Self, GenerationError> {
        let client = ChatClient::from_vars(variable)?;
        Ok(client.map_or(Self::Extractive, Self::Chat))
    }

    /// The offline model: without the feature `openai` there is no other.
    ///
    /// # Errors
    /// None.
    #[cfg(not(feature = "openai"))]
    pub fn from_vars(_variable: impl Fn(&str) -> Option<String>) -> Result<Self, GenerationError> {
        Ok(Self::Extractive)
    }

    /// Whether answers are quoted rather than written.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Extractive)
    }

    /// The name of the model that answers.
    #[must_use]
    pub fn model(&self) -> &str {
        match self {
            Self::Extractive => "extractive",
            #[cfg(feature = "openai")]
            Self::Chat(client) => client.model(),
        }
    }
}

/// Answers a question from what was retrieved. `on_text` is given every piece of the answer as it comes.
///
/// # Errors
/// [`GenerationError`].
#[rag_span(
    layer = "generation",
    context(model = generator.model()),
    ok(|answer| metrics.input_tokens = answer.usage.input, metrics.output_tokens = answer.usage.output,
       metrics.first_token_ms = millis(answer.first_token))
)]
pub async fn generate(
    generator: &Generator,
    question: &str,
    hits: &[Hit],
    on_text: &mut (dyn FnMut(&str) + Send),
) -> Result<Generated, GenerationError> {
    let generated = match generator {
        Generator::Extractive => extract(question, hits, on_text),
        #[cfg(feature = "openai")]
        Generator::Chat(client) => chat(client, question, hits, on_text).await,
    }?;
    measure(&generated);
    Ok(generated)
}

/// What the dashboards ask of a model: its tokens, and how long it was silent.
fn measure(generated: &Generated) {
    let model = &generated.model;
    let tokens =
        |kind| metrics::histogram!("rag_token_usage", "model" => model.clone(), "kind" => kind);
    tokens("input").record(generated.usage.input as f64);
    tokens("output").record(generated.usage.output as f64);
    metrics::histogram!("rag_time_to_first_item_ms", "operation" => "generate", "layer" => "generation")
        .record(millis(generated.first_token));
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn extract(
    question: &str,
    hits: &[Hit],
    on_text: &mut (dyn FnMut(&str) + Send),
) -> Result<Generated, GenerationError> {
    let began = Instant::now();
    let text = quote(question, hits);
    if text.is_empty() {
        return Err(GenerationError::NothingToQuote);
    }
    let first_token = began.elapsed();
    on_text(&text);
    Ok(Generated {
        usage: usage(question, hits, &text),
        text,
        model: Generator::Extractive.model().to_owned(),
        first_token,
    })
}

/// The tokens that a model would have been sent and would have written.
fn usage(question: &str, hits: &[Hit], answer: &str) -> Usage {
    Usage {
        input: count_tokens(RULES) + count_tokens(&user_prompt(question, hits)),
        output: count_tokens(answer),
    }
}

#[cfg(feature = "openai")]
async fn chat(
    client: &ChatClient,
    question: &str,
    hits: &[Hit],
    on_text: &mut (dyn FnMut(&str) + Send),
) -> Result<Generated, GenerationError> {
    let completion = client
        .complete(RULES, &user_prompt(question, hits), on_text)
        .await?;
    if completion.text.trim().is_empty() {
        return Err(GenerationError::EmptyAnswer);
    }
    let told = completion.usage;
    Ok(Generated {
        usage: told.unwrap_or_else(|| usage(question, hits, &completion.text)),
        text: completion.text,
        model: client.model().to_owned(),
        first_token: completion.first_token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::tests::hits;

    #[tokio::test]
    async fn the_offline_answer_is_told_and_counted() {
        let hits = hits("a.md", "The queen lays two thousand eggs a day.\n");
        let mut told = String::new();
        let answer = generate(
            &Generator::Extractive,
            "How many eggs?",
            &hits,
            &mut |text| told.push_str(text),
        )
        .await
        .unwrap();
        assert_eq!(told, answer.text);
        assert_eq!(answer.model, "extractive");
        assert_eq!(answer.usage.output, count_tokens(&answer.text));
        assert!(answer.usage.input > count_tokens(RULES));
    }

    #[tokio::test]
    async fn without_anything_to_quote_there_is_no_answer() {
        let answer = generate(&Generator::Extractive, "How many?", &[], &mut |_| ()).await;
        assert!(matches!(answer, Err(GenerationError::NothingToQuote)));
    }
}
