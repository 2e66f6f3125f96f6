//! Makes the answer from the question and what was retrieved, offline by quoting or with a real model.

use futures_util::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use ragspan::{ErrorType, Usage, rag_span};

use crate::extract::quote;
#[cfg(feature = "openai")]
use crate::openai::{ChatClient, ChatError};
use crate::prompt::{RULES, user_prompt};
use crate::retrieve::Hit;
use crate::tokens::count_tokens;

/// The source of answers.
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
    /// The tokens sent and received, if the model reports them.
    pub usage: Option<Usage>,
}

/// A piece of an answer, as it comes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Piece {
    /// The next words; none where the model only counts.
    pub text: String,
    /// The tokens sent and received, on the last piece.
    pub usage: Option<Usage>,
}

/// An error of generating an answer.
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

    /// Returns the offline model, the only one without the feature `openai`.
    ///
    /// # Errors
    /// None.
    #[cfg(not(feature = "openai"))]
    pub fn from_vars(_variable: impl Fn(&str) -> Option<String>) -> Result<Self, GenerationError> {
        Ok(Self::Extractive)
    }

    /// Returns `true` if answers are quotes from the sources.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Extractive)
    }

    /// The name of the model that answers.
    #[must_use]
    pub fn model(&self) -> &str {
        match self {
            Self::Extractive => EXTRACTIVE,
            #[cfg(feature = "openai")]
            Self::Chat(client) => client.model(),
        }
    }

    /// The answer to a question from what was retrieved, piece by piece.
    pub fn pieces<'a>(&'a self, question: &'a str, hits: &'a [Hit]) -> Pieces<'a> {
        match self {
            Self::Extractive => extract(question, hits).boxed(),
            #[cfg(feature = "openai")]
            Self::Chat(client) => {
                let pieces = client.complete(RULES, &user_prompt(question, hits));
                pieces.map_err(GenerationError::Chat).boxed()
            }
        }
    }
}

/// The pieces of an answer, or why they end.
pub type Pieces<'a> = BoxStream<'a, Result<Piece, GenerationError>>;

/// The name of the model that is none.
const EXTRACTIVE: &str = "extractive";

/// Answers a question from what was retrieved. `on_text` is given every piece of the answer as it comes.
///
/// The span is that of the stream: it is open from the question to the last piece, or to the drop of this future.
///
/// # Errors
/// [`GenerationError`].
pub async fn generate(
    generator: &Generator,
    question: &str,
    hits: &[Hit],
    on_text: &mut (dyn FnMut(&str) + Send),
) -> Result<Generated, GenerationError> {
    let mut pieces = generator.pieces(question, hits);
    let (mut text, mut usage) = (String::new(), None);
    while let Some(piece) = pieces.try_next().await? {
        if !piece.text.is_empty() {
            text.push_str(&piece.text);
            on_text(&piece.text);
        }
        usage = piece.usage.or(usage);
    }
    if text.trim().is_empty() {
        return Err(GenerationError::EmptyAnswer);
    }
    Ok(Generated {
        text,
        model: generator.model().to_owned(),
        usage,
    })
}

/// The answer of quotes: the text, then the tokens that a model would have been sent and would have written.
#[rag_span(layer = "generation", operation = "generate", model = EXTRACTIVE, usage = |piece| piece.usage)]
fn extract<'a>(
    question: &'a str,
    hits: &'a [Hit],
) -> impl Stream<Item = Result<Piece, GenerationError>> + Send + 'a {
    stream::try_unfold(Quoting::Begun, move |quoting| async move {
        match quoting {
            Quoting::Begun => match quote(question, hits) {
                text if text.is_empty() => Err(GenerationError::NothingToQuote),
                text => Ok(Some((words(&text), Quoting::Quoted(text)))),
            },
            Quoting::Quoted(text) => {
                let count = count(usage(question, hits, &text));
                Ok(Some((count, Quoting::Counted)))
            }
            Quoting::Counted => Ok(None),
        }
    })
}

/// How far the answer of quotes is.
enum Quoting {
    Begun,
    Quoted(String),
    Counted,
}

fn words(text: &str) -> Piece {
    Piece {
        text: text.to_owned(),
        usage: None,
    }
}

fn count(usage: Usage) -> Piece {
    Piece {
        text: String::new(),
        usage: Some(usage),
    }
}

fn usage(question: &str, hits: &[Hit], answer: &str) -> Usage {
    let prompt = count_tokens(RULES) + count_tokens(&user_prompt(question, hits));
    Usage::new(prompt, count_tokens(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::tests::hits;

    #[tokio::test]
    async fn the_offline_answer_is_streamed_and_counted() {
        let hits = hits("a.md", "The queen lays two thousand eggs a day.\n");
        let mut shown = String::new();
        let answer = generate(
            &Generator::Extractive,
            "How many eggs?",
            &hits,
            &mut |text| shown.push_str(text),
        )
        .await
        .unwrap();
        assert_eq!(shown, answer.text);
        assert_eq!(answer.model, "extractive");
        let usage = answer.usage.unwrap();
        assert_eq!(usage.output, count_tokens(&answer.text));
        assert!(usage.input > count_tokens(RULES));
    }

    #[tokio::test]
    async fn without_anything_to_quote_there_is_no_answer() {
        let answer = generate(&Generator::Extractive, "How many?", &[], &mut |_| ()).await;
        assert!(matches!(answer, Err(GenerationError::NothingToQuote)));
    }
}
