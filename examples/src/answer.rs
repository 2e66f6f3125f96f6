//! Answers a question: recall, retrieve, generate, evaluate, remember.

use std::sync::{Arc, OnceLock};

use ragspan::prices::Prices;
use ragspan::{Context, Cost, ErrorType, LogContext, TraceId, Usage, rag_span};

use crate::evaluate::{Evaluation, EvaluationError, evaluate};
use crate::generate::{GenerationError, Generator, generate};
use crate::library::Library;
use crate::memory::{Memory, Turn, complete_question, recall_history, remember};
use crate::prompt;
use crate::retrieve::{RetrievalError, hybrid_search};

/// How many chunks an answer is made from at most.
const TOP_K: usize = 5;

/// All that answering needs. One serves every request.
#[derive(Debug)]
pub struct Service {
    library: Arc<Library>,
    memory: Memory,
    generator: Generator,
    prices: Prices,
}

impl Service {
    /// A service that knows a library and remembers nothing yet.
    #[must_use]
    pub fn new(library: Library, generator: Generator) -> Self {
        Self {
            library: Arc::new(library),
            memory: Memory::default(),
            generator,
            prices: Prices::default(),
        }
    }

    /// Returns the service with a table of prices, for the cost of answers.
    #[must_use]
    pub fn with_prices(mut self, prices: Prices) -> Self {
        self.prices = prices;
        self
    }

    /// Returns the library.
    #[must_use]
    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// Returns the generator.
    #[must_use]
    pub fn generator(&self) -> &Generator {
        &self.generator
    }
}

/// The customer that everyone belongs to here.
const TENANT: &str = "acme";

/// A question and its user. Every record of the request repeats the fields that are not skipped.
#[derive(Debug, Clone, LogContext)]
pub struct Request {
    /// The question.
    #[log(skip)]
    pub question: String,
    /// Who asks.
    pub user_id: String,
    /// The customer that they belong to.
    pub tenant_id: String,
    /// The conversation it belongs to.
    pub session_id: String,
    #[log(skip)]
    trace_id: OnceLock<TraceId>,
}

impl Request {
    /// A question of a user, in the one conversation of that user.
    #[must_use]
    pub fn new(question: impl Into<String>, user: impl Into<String>) -> Self {
        let user_id = user.into();
        Self {
            question: question.into(),
            session_id: format!("{user_id}-1"),
            tenant_id: TENANT.to_owned(),
            user_id,
            trace_id: OnceLock::new(),
        }
    }

    /// The same in another conversation.
    #[must_use]
    pub fn in_session(mut self, session: impl Into<String>) -> Self {
        self.session_id = session.into();
        self
    }

    /// The trace of the answer, once it has begun, also where it fails.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        self.trace_id.get().copied()
    }

    fn note_trace(&self) {
        if let Some(id) = Context::current().trace_id() {
            self.trace_id.get_or_init(|| id);
        }
    }
}

/// An answer, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The text with its sources in square brackets.
    pub text: String,
    /// The judgement.
    pub evaluation: Evaluation,
    /// The model that wrote it.
    pub model: String,
    /// The tokens sent and received, if the model reports them.
    pub usage: Option<Usage>,
    /// The cost, if the model has a price.
    pub cost: Option<Cost>,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error, ErrorType)]
#[non_exhaustive]
pub enum AnswerError {
    /// The corpus does not speak of it.
    #[error("no context found (retrieval came back empty)")]
    NoContext,
    /// The search failed.
    #[error(transparent)]
    #[error_type(transparent)]
    Retrieval(#[from] RetrievalError),
    /// The model failed.
    #[error(transparent)]
    #[error_type(transparent)]
    Generation(#[from] GenerationError),
    /// The answer could not be judged.
    #[error(transparent)]
    #[error_type(transparent)]
    Evaluation(#[from] EvaluationError),
}

/// Answers a question from the library, in the light of the conversation so far.
///
/// # Errors
/// [`AnswerError`]; [`AnswerError::NoContext`] where the library does not speak of it.
#[rag_span(
    layer = "api",
    versions(prompt = prompt::VERSION),
    ok(|answered| metrics.faithfulness = answered.evaluation.faithfulness,
       quality = answered.evaluation.tier().as_str())
)]
pub async fn answer(service: &Service, request: &Request) -> Result<Answered, AnswerError> {
    request.note_trace();
    let history = recall_history(&service.memory, &request.session_id);
    let question = complete_question(&request.question, &history);
    let hits = hybrid_search(&service.library, &question, TOP_K).await?;
    if hits.is_empty() {
        return Err(AnswerError::NoContext);
    }
    let generated = generate(&service.generator, &question, &hits, &mut |_| ()).await?;
    let evaluation = evaluate(&generated.text, &hits)?;
    let turn = Turn {
        question: request.question.clone(),
        answer: generated.text.clone(),
    };
    remember(&service.memory, &request.session_id, turn);
    let priced = |usage| service.prices.cost(&generated.model, usage);
    Ok(Answered {
        cost: generated.usage.as_ref().and_then(priced),
        text: generated.text,
        evaluation,
        model: generated.model,
        usage: generated.usage,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::corpus::Document;
    use crate::ingest::{chunk_document, embed_chunks, store};

    /// A service that knows one page on bees.
    pub(crate) fn bees() -> Service {
        let document = Document {
            source: "bees.md".to_owned(),
            text: "# Bees\n\nThe queen lays two thousand eggs a day. Drones have no sting.\n\nA queen lives for five \
                   years.\n"
                .to_owned(),
        };
        let library = store(embed_chunks(chunk_document(&document)));
        Service::new(library, Generator::Extractive)
    }

    async fn ask(service: &Service, question: &str) -> Result<Answered, AnswerError> {
        answer(service, &Request::new(question, "ada")).await
    }

    #[tokio::test]
    async fn an_answer_quotes_its_source_and_is_faithful() {
        let answered = ask(&bees(), "How many eggs does the queen lay?")
            .await
            .unwrap();
        assert_eq!(
            answered.text,
            "The queen lays two thousand eggs a day. [bees.md:3]"
        );
        assert_eq!(answered.evaluation.faithfulness, 1.0);
        assert!(answered.usage.unwrap().total() > 20);
    }

    #[tokio::test]
    async fn nothing_found_is_no_context() {
        let failed = ask(&bees(), "who won the 1954 world cup?").await;
        let error = failed.unwrap_err();
        assert!(matches!(error, AnswerError::NoContext));
        assert_eq!(error.error_type(), "no_context");
    }

    #[tokio::test]
    async fn a_blank_question_is_the_search_s_error() {
        let failed = ask(&bees(), " ").await;
        assert!(matches!(
            failed,
            Err(AnswerError::Retrieval(RetrievalError::EmptyQuestion))
        ));
    }

    #[tokio::test]
    async fn a_follow_up_is_understood_in_its_own_session_only() {
        let service = bees();
        ask(&service, "What does the queen lay?").await.unwrap();
        let followed = ask(&service, "And for how long does she live?").await;
        assert!(followed.unwrap().text.contains("five years"));
        let other_user = Request::new("And she?", "grace");
        assert!(answer(&service, &other_user).await.is_err());
    }
}
