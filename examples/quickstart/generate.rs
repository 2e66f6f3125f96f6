//! Generates the answer from the question and the hits: offline by quoting, or with a real model.

use async_stream::try_stream;
use futures_util::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use ragspan::{ErrorType, Usage, rag_span};

#[cfg(feature = "openai")]
use crate::openai::{ChatClient, ChatError};
use crate::prompt::{RULES, user_prompt};
use crate::quote::quote;
use crate::retrieve::Hit;
use crate::tokens::count_tokens;

/// The model name of answers that are quotes.
const EXTRACTIVE: &str = "extractive";

/// How to get a real model, for those who run without one.
pub const OFFLINE_HINT: &str = if cfg!(feature = "openai") {
    "answers are quoted, offline; a real model: set OPENAI_API_KEY (and OPENAI_BASE_URL)"
} else {
    "answers are quoted, offline; a real model: --features openai and OPENAI_API_KEY"
};

/// The source of answers.
pub enum Generator {
    /// Quotes the sentences that answer, offline.
    Extractive,
    /// Asks a chat model.
    #[cfg(feature = "openai")]
    Chat(ChatClient),
}

/// An answer before its evaluation.
#[derive(Debug)]
pub struct Generated {
    /// The text, with its sources in square brackets.
    pub text: String,
    pub model: String,
    /// The tokens sent and received, if the model reports them.
    pub usage: Option<Usage>,
}

/// A piece of an answer, as it is streamed.
#[derive(Debug, Default, PartialEq)]
pub struct Piece {
    pub text: String,
    /// The tokens sent and received, on the last piece.
    pub usage: Option<Usage>,
}

/// The pieces of an answer, or the error that ends them.
type Pieces<'a> = BoxStream<'a, Result<Piece, GenerationError>>;

#[derive(Debug, thiserror::Error, ErrorType)]
pub enum GenerationError {
    #[error("the sources hold nothing that answers, ask with other words")]
    NothingToQuote,
    #[error("the model gave an empty answer, ask again or choose another with OPENAI_MODEL")]
    EmptyAnswer,
    #[cfg(feature = "openai")]
    #[error(transparent)]
    #[error_type(transparent)]
    Chat(#[from] ChatError),
}

impl Generator {
    /// Returns the model that the environment describes, or the offline one.
    pub fn from_env() -> Result<Self, GenerationError> {
        #[cfg(feature = "openai")]
        if let Some(client) = ChatClient::from_vars(|name| std::env::var(name).ok())? {
            return Ok(Self::Chat(client));
        }
        Ok(Self::Extractive)
    }

    pub fn is_offline(&self) -> bool {
        matches!(self, Self::Extractive)
    }

    /// Returns the name of the model.
    pub fn model(&self) -> &str {
        match self {
            Self::Extractive => EXTRACTIVE,
            #[cfg(feature = "openai")]
            Self::Chat(client) => client.model(),
        }
    }

    fn pieces<'a>(&'a self, question: &'a str, hits: &'a [Hit]) -> Pieces<'a> {
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

/// Answers a question from the hits.
///
/// The span is that of the stream: it lasts from the question to the last piece, or until this future is dropped.
pub async fn generate(
    generator: &Generator,
    question: &str,
    hits: &[Hit],
) -> Result<Generated, GenerationError> {
    let mut pieces = generator.pieces(question, hits);
    let (mut text, mut usage) = (String::new(), None);
    while let Some(piece) = pieces.try_next().await? {
        text.push_str(&piece.text);
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

/// Streams the answer of quotes as a model would: the text, then the tokens that a model would have billed.
#[rag_span(layer = "generation", operation = "generate", model = EXTRACTIVE, usage = |piece| piece.usage)]
fn extract<'a>(
    question: &'a str,
    hits: &'a [Hit],
) -> impl Stream<Item = Result<Piece, GenerationError>> + Send + 'a {
    try_stream! {
        let text = quote(question, hits);
        if text.is_empty() {
            Err(GenerationError::NothingToQuote)?;
        }
        yield Piece { text: text.clone(), usage: None };
        yield Piece { text: String::new(), usage: Some(usage(question, hits, &text)) };
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
    async fn the_offline_answer_is_quoted_and_its_tokens_counted() {
        let hits = hits("a.md", "The queen lays two thousand eggs a day.\n");
        let answer = generate(&Generator::Extractive, "How many eggs?", &hits)
            .await
            .unwrap();
        assert_eq!(
            (answer.model.as_str(), answer.text.contains("two thousand")),
            ("extractive", true)
        );
        let usage = answer.usage.unwrap();
        assert_eq!(usage.output, count_tokens(&answer.text));
        assert!(usage.input > count_tokens(RULES));
    }

    #[tokio::test]
    async fn without_hits_there_is_no_answer() {
        let answer = generate(&Generator::Extractive, "How many?", &[]).await;
        assert!(matches!(answer, Err(GenerationError::NothingToQuote)));
    }
}
