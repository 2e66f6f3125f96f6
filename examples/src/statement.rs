//! Reads a sentence as a statement: which words it is made of, which are numbers or names, and which are denied.

use std::collections::{BTreeSet, HashSet};

use crate::numbers::Numeral;
use crate::words::{is_stop_word, stem, word_ranges};

/// Words that deny what follows them in their clause.
const NEGATIONS: &[&str] = &[
    "cannot", "neither", "never", "no", "nobody", "none", "nor", "not", "nothing", "nowhere",
    "without",
];

/// Negations that also deny the word before them: `drones gather nothing`.
const NEGATED_OBJECTS: &[&str] = &["nobody", "none", "nothing", "nowhere"];

/// Words that begin a clause of its own, which a negation before them does not reach.
const CLAUSE_WORDS: &[&str] = &[
    "although", "and", "because", "but", "if", "so", "that", "though", "unless", "until", "when",
    "where", "which", "while", "who",
];

/// How many words of meaning a negation reaches.
const NEGATION_REACH: usize = 4;

/// The kind of a word in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An ordinary word.
    Plain,
    /// A number, in figures or in words.
    Number,
    /// A word that is capitalised inside a sentence.
    Name,
}

/// A word that carries meaning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Term {
    /// Its stem, or the number in figures.
    pub(crate) stem: String,
    /// Its kind.
    pub(crate) kind: Kind,
    /// `true` if a negation applies to it.
    pub(crate) denied: bool,
}

impl Term {
    /// Its stem.
    pub(crate) fn stem(&self) -> &str {
        &self.stem
    }
}

/// A sentence as it is compared.
#[derive(Debug, Clone, Default)]
pub(crate) struct Statement {
    /// The words that carry meaning, in order.
    pub(crate) terms: Vec<Term>,
    /// Every word in lower case, the small ones too.
    pub(crate) words: HashSet<String>,
}

impl Statement {
    /// Parses one sentence, or two adjacent ones.
    pub(crate) fn read(text: &str) -> Self {
        let mut reader = Reader::default();
        let mut end = 0;
        for range in word_ranges(text) {
            let gap = text.get(end..range.start).unwrap_or_default();
            let word = text.get(range.clone()).unwrap_or_default();
            reader.take(gap, word);
            end = range.end;
        }
        reader.statement
    }

    /// The different words of a kind.
    pub(crate) fn stems_of(&self, kind: Kind) -> BTreeSet<&str> {
        let terms = self.terms.iter().filter(|term| term.kind == kind);
        terms.map(|term| term.stem.as_str()).collect()
    }

    /// Returns `true` if the word occurs, with any kind.
    pub(crate) fn mentions(&self, stem: &str) -> bool {
        self.terms.iter().any(|term| term.stem == stem)
    }

    /// Returns whether a word occurs affirmed, and whether it occurs denied.
    pub(crate) fn polarity(&self, stem: &str) -> (bool, bool) {
        let mut found = (false, false);
        for term in self.terms.iter().filter(|term| term.stem == stem) {
            found.0 |= !term.denied;
            found.1 |= term.denied;
        }
        found
    }
}

/// The state of parsing from left to right.
#[derive(Debug, Default)]
struct Reader {
    statement: Statement,
    /// How many more words the last negation reaches.
    reach: usize,
    /// The number that the word before was, for `two thousand`.
    numeral: Option<Numeral>,
}

impl Reader {
    fn take(&mut self, gap: &str, word: &str) {
        let lower = word.to_lowercase().replace('\u{2019}', "'");
        let sentence_starts = self.statement.words.is_empty() || gap.contains(['.', '!', '?']);
        if gap.contains(|c| ",;:.!?()\u{2013}\u{2014}".contains(c))
            || CLAUSE_WORDS.contains(&lower.as_str())
        {
            self.reach = 0;
        }
        if NEGATIONS.contains(&lower.as_str()) || lower.ends_with("n't") {
            self.deny(&lower);
        } else if let Some(numeral) = Numeral::read(&lower) {
            self.take_number(gap, numeral);
        } else if !is_stop_word(&lower) {
            let capital = word.starts_with(char::is_uppercase) && !sentence_starts;
            self.push(stem(word), if capital { Kind::Name } else { Kind::Plain });
        }
        if Numeral::read(&lower).is_none() {
            self.numeral = None;
        }
        self.statement.words.insert(lower);
    }

    fn deny(&mut self, negation: &str) {
        self.reach = NEGATION_REACH;
        if NEGATED_OBJECTS.contains(&negation)
            && let Some(before) = self.statement.terms.last_mut()
        {
            before.denied = true;
        }
    }

    fn take_number(&mut self, gap: &str, numeral: Numeral) {
        let joined = match self.numeral {
            Some(before) if gap == " " || gap == "-" => before.join(numeral),
            _ => None,
        };
        if joined.is_some() {
            self.statement.terms.pop();
            self.reach += usize::from(self.reach > 0);
        }
        let whole = joined.unwrap_or(numeral);
        self.push(whole.spelled(), Kind::Number);
        self.numeral = Some(whole);
    }

    fn push(&mut self, stem: String, kind: Kind) {
        self.statement.terms.push(Term {
            stem,
            kind,
            denied: self.reach > 0,
        });
        self.reach = self.reach.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(text: &str) -> Vec<String> {
        let terms = Statement::read(text).terms.into_iter();
        terms
            .filter(|term| term.denied)
            .map(|term| term.stem)
            .collect()
    }

    #[test]
    fn a_negation_reaches_to_the_end_of_its_clause() {
        assert_eq!(denied("It does not sting, and it flies."), ["sting"]);
        assert_eq!(denied("Bees don't sleep when cold."), ["sleep"]);
        assert_eq!(denied("No brood is left."), ["brood", "left"]);
        assert!(denied("Bees sleep.").is_empty());
    }

    #[test]
    fn nothing_denies_what_was_done_to_it() {
        assert_eq!(denied("Drones gather nothing."), ["gather"]);
    }

    #[test]
    fn numbers_are_read_in_figures_and_words() {
        let statement = Statement::read("From two thousand to 2,500 in twenty-five days.");
        let numbers: Vec<_> = statement.stems_of(Kind::Number).into_iter().collect();
        assert_eq!(numbers, ["2000", "25", "2500"]);
    }

    #[test]
    fn names_are_capitals_inside_a_sentence() {
        let statement = Statement::read("Bees met Lorenzo. Then Ada met bees.");
        let names: Vec<_> = statement.stems_of(Kind::Name).into_iter().collect();
        assert_eq!(names, ["ada", "lorenzo"]);
    }

    #[test]
    fn polarity_knows_both_sides() {
        let statement = Statement::read("Queens sting. Drones do not sting.");
        assert_eq!(statement.polarity("sting"), (true, true));
        assert_eq!(statement.polarity("queen"), (true, false));
        assert_eq!(statement.polarity("drone"), (true, false));
    }
}
