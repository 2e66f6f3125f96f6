//! Asks the questions of several users at once, each user's in order.

use futures_util::future::join_all;
use ragspan::LogContext as _;

use crate::answer::{AnswerError, Answered, Request, Service, answer};
use crate::library::Library;
use crate::words::content_words;

/// The users, among whom questions are dealt in turn.
const USERS: [&str; 2] = ["ada", "grace"];

/// A question that finds nothing, on purpose: so that there is an error to look into.
pub const NOT_IN_ANY_CORPUS: &str = "who won the 1954 world cup?";

/// Questions about the documentation of this repository, for the users in turn.
pub const DEFAULT_QUESTIONS: [&str; 6] = [
    "what does a span id look like?",
    "which sinks are there?",
    "and the trace id of a root?",
    "what happens when a queue is full?",
    NOT_IN_ANY_CORPUS,
    "how is an error counted that passes through several calls?",
];

/// The number of questions about an unknown corpus, besides the one that finds nothing.
const MADE_UP_QUESTIONS: usize = 5;

/// A question, and its answer or error.
#[derive(Debug)]
pub struct Reply {
    pub request: Request,
    pub outcome: Result<Answered, AnswerError>,
}

/// Makes questions about an unknown corpus from its headings, and one that finds nothing.
pub fn questions_about(library: &Library) -> Vec<String> {
    let chunks = library.chunks().iter();
    let headings = chunks.filter_map(|chunk| Some(&chunk.sentences.first()?.heading));
    let titles = headings.filter_map(|heading| heading.rsplit(" > ").next());
    let titles = titles.map(|title| title.trim_end_matches(['?', '.', ':', '!']));
    let mut titles: Vec<_> = titles.collect();
    titles.retain(|title| content_words(title).next().is_some());
    titles.dedup();
    let step = titles.len().div_ceil(MADE_UP_QUESTIONS).max(1);
    let chosen = titles.iter().step_by(step);
    let questions = chosen.map(|title| format!("what about {title}?"));
    questions.chain([NOT_IN_ANY_CORPUS.to_owned()]).collect()
}

/// Asks all questions, the users at once and each user's one after the other, and returns the replies by user.
pub async fn ask_all(service: &Service, questions: &[String]) -> Vec<Reply> {
    let conversations = USERS.iter().enumerate().map(async |(turn, user)| {
        let mut replies = Vec::new();
        for question in questions.iter().skip(turn).step_by(USERS.len()) {
            replies.push(ask(service, Request::new(question, *user)).await);
        }
        replies
    });
    let replies = join_all(conversations).await;
    replies.into_iter().flatten().collect()
}

/// Asks one question in the scope of its user and conversation.
pub async fn ask(service: &Service, request: Request) -> Reply {
    let outcome = request.scope(answer(service, &request)).await;
    Reply { request, outcome }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::tests::bees;

    #[tokio::test]
    async fn questions_made_from_headings_are_answered() {
        let service = bees();
        let questions = questions_about(&service.library);
        assert_eq!(questions, ["what about Bees?", NOT_IN_ANY_CORPUS]);
        let replies = ask_all(&service, &questions).await;
        assert!(replies[0].outcome.is_ok(), "{replies:?}");
        assert!(matches!(replies[1].outcome, Err(AnswerError::NoContext)));
    }

    #[tokio::test]
    async fn replies_are_sorted_by_user_and_in_the_order_of_the_questions() {
        let questions = ["queen?", "drones?", "eggs?", "sting?"].map(str::to_owned);
        let replies = ask_all(&bees(), &questions).await;
        let asked = |it: &Reply| format!("{}: {}", it.request.user_id, it.request.question);
        let expected = [
            "ada: queen?",
            "ada: eggs?",
            "grace: drones?",
            "grace: sting?",
        ];
        assert_eq!(replies.iter().map(asked).collect::<Vec<_>>(), expected);
    }
}
