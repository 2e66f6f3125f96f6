//! Remembers the last turns of each conversation, and completes a question that refers to the one before.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ragspan::rag_span;

use crate::words::{content_stems, content_words, stem};

/// The number of turns of one conversation that are recalled.
const TURNS: usize = 6;

/// The number of turns of all conversations that are kept.
const ALL_TURNS: usize = 6_000;

/// A question of a conversation.
#[derive(Debug, Clone)]
pub struct Turn {
    pub session: String,
    pub question: String,
}

/// The turns of all conversations, oldest first.
#[derive(Default)]
pub struct Memory(Mutex<VecDeque<Turn>>);

impl Memory {
    fn turns(&self) -> MutexGuard<'_, VecDeque<Turn>> {
        // A panic elsewhere leaves no turn half stored.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the last turns of a conversation, newest first.
#[rag_span(layer = "memory", ok(|turns| turns = turns.len()))]
pub fn recall_history(memory: &Memory, session: &str) -> Vec<Turn> {
    let turns = memory.turns();
    let of_session = turns.iter().rev().filter(|turn| turn.session == session);
    of_session.take(TURNS).cloned().collect()
}

/// Stores a turn.
#[rag_span(layer = "memory")]
pub fn remember(memory: &Memory, turn: Turn) {
    let mut turns = memory.turns();
    if turns.len() == ALL_TURNS {
        turns.pop_front();
    }
    turns.push_back(turn);
}

/// Returns the question for the search: one that begins with `and` has the words of the question before as well.
pub fn complete_question(question: &str, history: &[Turn]) -> String {
    match history.first() {
        Some(before) if question.to_lowercase().starts_with("and ") => {
            let own = content_stems(question);
            let missing = content_words(&before.question).filter(|word| !own.contains(&stem(word)));
            std::iter::once(question)
                .chain(missing)
                .collect::<Vec<_>>()
                .join(" ")
        }
        _ => question.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(session: &str, question: &str) -> Turn {
        Turn {
            session: session.to_owned(),
            question: question.to_owned(),
        }
    }

    #[test]
    fn each_conversation_recalls_its_own_last_turns() {
        let memory = Memory::default();
        remember(&memory, turn("grace", "g"));
        for number in 0..TURNS + 2 {
            remember(&memory, turn("ada", &number.to_string()));
        }
        let questions = |session| {
            let turns = recall_history(&memory, session).into_iter();
            turns.map(|turn| turn.question).collect::<Vec<_>>()
        };
        assert_eq!(questions("ada"), ["7", "6", "5", "4", "3", "2"]);
        assert_eq!(questions("grace"), ["g"]);
    }

    #[test]
    fn a_follow_up_gets_the_words_of_the_question_before() {
        let history = [turn("ada", "How long does a drone live?")];
        assert_eq!(
            complete_question("And what does it eat?", &history),
            "And what does it eat? long drone live"
        );
        assert_eq!(
            complete_question("What does it eat?", &history),
            "What does it eat?"
        );
    }
}
