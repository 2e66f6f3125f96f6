//! Remembers the last turns of each conversation and completes a question that leans on them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ragspan::rag_span;

use crate::words::{content_stems, is_stop_word, raw_words};

/// How many turns of a conversation are kept.
pub const TURNS: usize = 6;

/// How many conversations are kept; beyond it, the one that was silent longest is forgotten.
pub const SESSIONS: usize = 1000;

/// Words that refer to an earlier turn.
const POINTERS: &[&str] = &[
    "he", "her", "him", "it", "its", "one", "ones", "she", "that", "their", "them", "there",
    "these", "they", "this", "those",
];

/// A question with fewer words of its own than this may lean on the one before.
const FEW_WORDS: usize = 3;

/// A question and its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// As it was asked.
    pub question: String,
    /// As it was answered.
    pub answer: String,
}

/// The conversations, by session.
#[derive(Debug, Default)]
pub struct Memory {
    sessions: Mutex<Sessions>,
}

#[derive(Debug, Default)]
struct Sessions {
    clock: u64,
    by_id: HashMap<String, Session>,
}

#[derive(Debug, Default)]
struct Session {
    used: u64,
    turns: VecDeque<Turn>,
}

impl Memory {
    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        // Every change is complete before the lock is left, so a panic elsewhere leaves nothing half done.
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last turns of a session, oldest first.
#[rag_span(layer = "memory", ok(|turns| turns = turns.len()))]
#[must_use]
pub fn recall_history(memory: &Memory, session: &str) -> Vec<Turn> {
    let sessions = memory.sessions();
    let found = sessions.by_id.get(session);
    found.map_or_else(Vec::new, |session| session.turns.iter().cloned().collect())
}

/// Adds a turn to a session.
#[rag_span(layer = "memory")]
pub fn remember(memory: &Memory, session: &str, turn: Turn) {
    let mut sessions = memory.sessions();
    sessions.clock += 1;
    let now = sessions.clock;
    let entry = sessions.by_id.entry(session.to_owned()).or_default();
    entry.used = now;
    entry.turns.push_back(turn);
    if entry.turns.len() > TURNS {
        entry.turns.pop_front();
    }
    sessions.forget_the_oldest();
}

impl Sessions {
    fn forget_the_oldest(&mut self) {
        if self.by_id.len() <= SESSIONS {
            return;
        }
        let oldest = self.by_id.iter().min_by_key(|(_, session)| session.used);
        if let Some(id) = oldest.map(|(id, _)| id.clone()) {
            self.by_id.remove(&id);
        }
    }
}

/// The question as the search should see it: where it leans on the one before, with that one's words added.
#[must_use]
pub fn complete_question(question: &str, history: &[Turn]) -> String {
    match history.last() {
        Some(before) if leans_back(question) => {
            let own = content_stems(question);
            let missing = raw_words(&before.question).filter(|word| {
                !is_stop_word(&word.to_lowercase()) && !own.contains(&crate::words::stem(word))
            });
            std::iter::once(question)
                .chain(missing)
                .collect::<Vec<_>>()
                .join(" ")
        }
        _ => question.to_owned(),
    }
}

fn leans_back(question: &str) -> bool {
    let words: Vec<_> = raw_words(question).map(str::to_lowercase).collect();
    let points = words.iter().any(|word| POINTERS.contains(&word.as_str()));
    let continues = words.first().is_some_and(|word| word == "and");
    let own_words = content_stems(question).len();
    continues || (points && own_words < FEW_WORDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(question: &str) -> Turn {
        Turn {
            question: question.to_owned(),
            answer: "yes".to_owned(),
        }
    }

    fn questions(memory: &Memory, session: &str) -> Vec<String> {
        let turns = recall_history(memory, session);
        turns.into_iter().map(|turn| turn.question).collect()
    }

    #[test]
    fn sessions_are_independent() {
        let memory = Memory::default();
        remember(&memory, "ada", turn("a"));
        remember(&memory, "grace", turn("g"));
        assert_eq!(questions(&memory, "ada"), ["a"]);
        assert!(questions(&memory, "nobody").is_empty());
    }

    #[test]
    fn only_the_last_turns_are_remembered() {
        let memory = Memory::default();
        for n in 0..TURNS + 2 {
            remember(&memory, "ada", turn(&n.to_string()));
        }
        assert_eq!(questions(&memory, "ada"), ["2", "3", "4", "5", "6", "7"]);
    }

    #[test]
    fn the_session_that_was_silent_longest_is_forgotten() {
        let memory = Memory::default();
        for n in 0..SESSIONS {
            remember(&memory, &n.to_string(), turn("q"));
        }
        remember(&memory, "0", turn("again"));
        remember(&memory, "new", turn("q"));
        assert_eq!(questions(&memory, "0").len(), 2);
        assert!(questions(&memory, "1").is_empty());
        assert_eq!(memory.sessions().by_id.len(), SESSIONS);
    }

    #[test]
    fn a_follow_up_is_completed_from_the_question_before() {
        let history = [turn("How long does a drone live?")];
        let complete = complete_question("And what does it eat?", &history);
        assert_eq!(complete, "And what does it eat? long drone live");
    }

    #[test]
    fn a_question_of_its_own_is_left_alone() {
        let history = [turn("How long does a drone live?")];
        let own = "Which acid reaches the mites under the caps?";
        assert_eq!(complete_question(own, &history), own);
        assert_eq!(complete_question("And it?", &[]), "And it?");
    }
}
