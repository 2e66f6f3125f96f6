//! Runs conversations: several users at once, each with one question after the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ragspan::LogContext;

use crate::answer::{AnswerError, Answered, Request, Service, answer};
use crate::library::Library;
use crate::words::content_stems;

/// The users of the quickstart.
const USERS: [&str; 2] = ["ada", "grace"];

/// The default questions, about the documentation of this repository.
const DEFAULT_QUESTIONS: [&[&str]; 2] = [
    &[
        "what does a span id look like?",
        "and the trace id of a root?",
        NOT_IN_ANY_CORPUS,
    ],
    &[
        "which sinks are there?",
        "what happens when a queue is full?",
        "how is an error counted that passes through several calls?",
    ],
];

/// A question that finds nothing, on purpose: so that there is an error to look into.
pub const NOT_IN_ANY_CORPUS: &str = "who won the 1954 world cup?";

/// How many questions are made up about a folder of which nothing is known.
const MADE_UP_QUESTIONS: usize = 5;

/// The questions of one user, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Who asks.
    pub user: String,
    /// The questions.
    pub questions: Vec<String>,
}

/// The result of a question.
#[derive(Debug)]
pub struct Reply {
    /// The question.
    pub request: Request,
    /// The answer, or why there is none.
    pub outcome: Result<Answered, AnswerError>,
    /// How long it took.
    pub took: Duration,
}

/// The conversations about this repository's documentation.
#[must_use]
pub fn default_conversations() -> Vec<Conversation> {
    let pairs = USERS.iter().zip(DEFAULT_QUESTIONS);
    pairs
        .map(|(user, questions)| Conversation {
            user: (*user).to_owned(),
            questions: questions.iter().map(|q| (*q).to_owned()).collect(),
        })
        .collect()
}

/// Deals questions out to the users in turn.
#[must_use]
pub fn conversations_of(questions: &[String]) -> Vec<Conversation> {
    let dealt = USERS.iter().enumerate().map(|(turn, user)| Conversation {
        user: (*user).to_owned(),
        questions: questions
            .iter()
            .skip(turn)
            .step_by(USERS.len())
            .cloned()
            .collect(),
    });
    dealt.filter(|c| !c.questions.is_empty()).collect()
}

/// Questions about an unknown corpus, made from its headings, and one that finds nothing.
#[must_use]
pub fn questions_about(library: &Library) -> Vec<String> {
    let mut titles: Vec<&str> = Vec::new();
    for chunk in library.chunks() {
        let heading = chunk.sentences.first().map(|s| s.heading.as_str());
        let title = heading.and_then(|trail| trail.rsplit(" > ").next());
        let title = title.map(|title| title.trim_end_matches(['?', '.', ':', '!']));
        titles.extend(title.filter(|title| !content_stems(title).is_empty()));
    }
    titles.dedup();
    let step = titles.len().div_ceil(MADE_UP_QUESTIONS).max(1);
    let chosen = titles.into_iter().step_by(step);
    chosen
        .map(|title| format!("what about {title}?"))
        .chain([NOT_IN_ANY_CORPUS.to_owned()])
        .collect()
}

/// Runs all conversations at once and gives the replies by user, in the order they were asked.
pub async fn ask_all(service: &Arc<Service>, conversations: Vec<Conversation>) -> Vec<Reply> {
    let tasks: Vec<_> = conversations
        .into_iter()
        .map(|conversation| tokio::spawn(converse(Arc::clone(service), conversation)))
        .collect();
    let mut replies = Vec::new();
    for task in tasks {
        match task.await {
            Ok(of_one_user) => replies.extend(of_one_user),
            Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            // Nobody cancels these tasks but a runtime that shuts down.
            Err(_) => {}
        }
    }
    replies
}

async fn converse(service: Arc<Service>, conversation: Conversation) -> Vec<Reply> {
    let mut replies = Vec::new();
    for question in conversation.questions {
        let request = Request::new(question, conversation.user.as_str());
        replies.push(ask(&service, request).await);
    }
    replies
}

/// Asks one question under its user and session.
pub async fn ask(service: &Service, request: Request) -> Reply {
    let began = Instant::now();
    let outcome = request.scope(answer(service, &request)).await;
    Reply {
        took: began.elapsed(),
        outcome,
        request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::bees;

    fn owned(questions: &[&str]) -> Vec<String> {
        questions.iter().map(|q| (*q).to_owned()).collect()
    }

    #[test]
    fn questions_are_dealt_out_in_turn() {
        let dealt = conversations_of(&owned(&["1", "2", "3"]));
        assert_eq!(dealt[0].questions, ["1", "3"]);
        assert_eq!(dealt[1].questions, ["2"]);
        assert_eq!(conversations_of(&owned(&["1"])).len(), 1);
    }

    #[test]
    fn the_default_has_two_users_and_one_question_without_an_answer() {
        let conversations = default_conversations();
        assert_eq!(conversations.len(), 2);
        let all: Vec<_> = conversations.iter().flat_map(|c| &c.questions).collect();
        let without = all.iter().filter(|q| **q == NOT_IN_ANY_CORPUS).count();
        assert_eq!((all.len(), without), (6, 1));
    }

    #[tokio::test]
    async fn questions_made_from_headings_are_answered() {
        let service = Arc::new(bees());
        let questions = questions_about(service.library());
        assert_eq!(questions, ["what about Bees?", NOT_IN_ANY_CORPUS]);
        let replies = ask_all(&service, conversations_of(&questions)).await;
        assert!(replies[0].outcome.is_ok(), "{replies:?}");
        assert!(matches!(replies[1].outcome, Err(AnswerError::NoContext)));
    }

    #[tokio::test]
    async fn replies_come_by_user_in_the_order_they_were_asked() {
        let service = Arc::new(bees());
        let questions = owned(&["queen?", "drones?", "eggs?", "sting?"]);
        let replies = ask_all(&service, conversations_of(&questions)).await;
        let asked: Vec<_> = replies
            .iter()
            .map(|reply| {
                (
                    reply.request.user_id.as_str(),
                    reply.request.question.as_str(),
                )
            })
            .collect();
        assert_eq!(
            asked,
            [
                ("ada", "queen?"),
                ("ada", "eggs?"),
                ("grace", "drones?"),
                ("grace", "sting?")
            ]
        );
    }
}
