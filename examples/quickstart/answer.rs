//! Answers a question: recall, retrieve, generate, evaluate, remember.

use std::sync::{Arc, OnceLock};

use ragspan::prices::Prices;
use ragspan::{Cost, ErrorType, LogContext, TraceId, Usage, rag_span};

use crate::evaluate::{Evaluation, EvaluationError, evaluate};
use crate::generate::{GenerationError, Generator, generate};
use crate::library::Library;
use crate::memory::{Memory, Turn, complete_question, recall_history, remember};
use crate::prompt;
use crate::retrieve::{RetrievalError, hybrid_search};

/// The maximum number of chunks that an answer is made from.
const TOP_K: usize = 5;

/// The customer that every user belongs to.
const TENANT: &str = "acme";

/// The state that every request shares.
pub struct Service {
    pub library: Arc<Library>,
    pub generator: Generator,
    pub prices: Prices,
    memory: Memory,
}

impl Service {
    pub fn new(library: Library, generator: Generator, prices: Prices) -> Self {
        Self {
            library: Arc::new(library),
            generator,
            prices,
            memory: Memory::default(),
        }
    }
}

/// A question and its user. Every record of the request repeats the fields that are not skipped.
#[derive(Debug, LogContext)]
pub struct Request {
    #[log(skip)]
    pub question: String,
    pub user_id: String,
    pub tenant_id: &'static str,
    pub session_id: String,
    #[log(skip)]
    trace_id: OnceLock<TraceId>,
}

impl Request {
    /// Returns a question of a user, in the user's only conversation.
    pub fn new(question: impl Into<String>, user: impl Into<String>) -> Self {
        let user_id = user.into();
        Self {
            question: question.into(),
            session_id: format!("{user_id}-1"),
            tenant_id: TENANT,
            user_id,
            trace_id: OnceLock::new(),
        }
    }

    /// Returns the trace of the answer once it has begun, also where it fails.
    pub fn trace_id(&self) -> Option<TraceId> {
        self.trace_id.get().copied()
    }
}

/// An answer with its score, its tokens and its cost.
#[derive(Debug)]
pub struct Answered {
    /// The text with its sources in square brackets.
    pub text: String,
    pub evaluation: Evaluation,
    /// The tokens sent and received, if the model reports them.
    pub usage: Option<Usage>,
    /// The cost, if the model has a price.
    pub cost: Option<Cost>,
}

#[derive(Debug, thiserror::Error, ErrorType)]
pub enum AnswerError {
    #[error("no context found (retrieval came back empty)")]
    NoContext,
    #[error(transparent)]
    #[error_type(transparent)]
    Retrieval(#[from] RetrievalError),
    #[error(transparent)]
    #[error_type(transparent)]
    Generation(#[from] GenerationError),
    #[error(transparent)]
    #[error_type(transparent)]
    Evaluation(#[from] EvaluationError),
}

/// Answers a question from the library, as a part of its conversation.
#[rag_span(
    layer = "api",
    versions(prompt = prompt::VERSION),
    ok(|answered| metrics.faithfulness = answered.evaluation.faithfulness,
       quality = answered.evaluation.tier())
)]
pub async fn answer(service: &Service, request: &Request) -> Result<Answered, AnswerError> {
    if let Some(id) = ragspan::trace_id() {
        request.trace_id.get_or_init(|| id);
    }
    let history = recall_history(&service.memory, &request.session_id);
    let question = complete_question(&request.question, &history);
    let hits = hybrid_search(&service.library, &question, TOP_K).await?;
    if hits.is_empty() {
        return Err(AnswerError::NoContext);
    }
    let generated = generate(&service.generator, &question, &hits).await?;
    let evaluation = evaluate(&generated.text, &hits)?;
    let turn = Turn {
        session: request.session_id.clone(),
        question: request.question.clone(),
    };
    remember(&service.memory, turn);
    let cost = |usage| service.prices.cost(&generated.model, usage);
    Ok(Answered {
        cost: generated.usage.as_ref().and_then(cost),
        text: generated.text,
        evaluation,
        usage: generated.usage,
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::ingest::tests::library;

    /// Returns a service that has one page on bees.
    pub fn bees() -> Service {
        let page = "# Bees\n\nThe queen lays two thousand eggs a day. Drones have no sting.\n\nA queen lives for five \
                    years.\n";
        Service::new(library(&[page]), Generator::Extractive, Prices::default())
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
            "The queen lays two thousand eggs a day. [0.md:3]"
        );
        assert_eq!(answered.evaluation.faithfulness, 1.0);
        assert!(answered.usage.unwrap().total() > 20);
    }

    #[tokio::test]
    async fn without_hits_the_error_is_no_context_and_a_blank_question_is_the_search_s_error() {
        let error = ask(&bees(), "who won the 1954 world cup?")
            .await
            .unwrap_err();
        assert_eq!(error.error_type(), "no_context");
        let error = ask(&bees(), " ").await.unwrap_err();
        assert_eq!(error.error_type(), "empty_question");
    }

    #[tokio::test]
    async fn a_follow_up_is_understood_in_its_own_conversation_only() {
        let service = bees();
        ask(&service, "What does the queen lay?").await.unwrap();
        let followed = ask(&service, "And for how long does she live?").await;
        assert!(followed.unwrap().text.contains("five years"));
        let of_another_user = Request::new("And she?", "grace");
        assert!(answer(&service, &of_another_user).await.is_err());
    }
}
