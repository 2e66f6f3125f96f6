//! Turns text into the words that search and evaluation compare: lower case, stemmed, without the words that carry no meaning.

use std::ops::Range;

use rust_stemmers::{Algorithm, Stemmer};

/// Common English words that carry no meaning of their own. Sorted, for the binary search.
const STOP_WORDS: &[&str] = &[
    "a", "about", "again", "all", "also", "an", "and", "another", "any", "are", "as", "at", "be",
    "because", "been", "but", "by", "can", "could", "did", "do", "does", "doing", "each", "every",
    "for", "from", "get", "gets", "had", "has", "have", "he", "her", "here", "hers", "him", "his",
    "how", "i", "if", "in", "into", "is", "it", "its", "just", "like", "look", "looks", "made",
    "make", "makes", "many", "may", "me", "might", "more", "most", "much", "must", "my", "need",
    "no", "nor", "not", "of", "on", "one", "only", "or", "other", "our", "out", "over", "own", "s",
    "same", "shall", "she", "should", "so", "some", "such", "t", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "to", "too", "under", "up", "us",
    "very", "was", "we", "were", "what", "when", "where", "which", "while", "who", "whom", "whose",
    "why", "will", "with", "would", "you", "your",
];

/// Returns `true` for a lower-case word without a meaning of its own.
#[must_use]
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// Returns the ranges of the words of a text, split at every character that is neither letter nor digit.
///
/// An apostrophe inside a word stays (`don't`), and so does a point or comma between digits (`0.8`, `1,204`).
pub fn word_ranges(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let rest = text.get(done..)?;
        let start = rest.find(char::is_alphanumeric)?;
        let length = word_length(rest.get(start..)?);
        let range = done + start..done + start + length;
        done = range.end;
        Some(range)
    })
}

/// Returns the words of a text as written, split like [`word_ranges`].
pub fn raw_words(text: &str) -> impl Iterator<Item = &str> {
    word_ranges(text).filter_map(|range| text.get(range))
}

/// The length in bytes of the word that `text` begins with.
fn word_length(text: &str) -> usize {
    let mut previous = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(' ', |&(_, next)| next);
        if !(c.is_alphanumeric() || joins(previous, c, next)) {
            return at;
        }
        previous = c;
    }
    text.len()
}

/// Returns `true` if `c` joins the characters left and right of it.
fn joins(left: char, c: char, right: char) -> bool {
    match c {
        '\'' | '\u{2019}' => left.is_alphabetic() && right.is_alphabetic(),
        '.' | ',' => left.is_ascii_digit() && right.is_ascii_digit(),
        _ => false,
    }
}

/// One word in the form that is compared: lower case, typographic apostrophe plain, possessive dropped, stemmed.
#[must_use]
pub fn stem(word: &str) -> String {
    let lower = word.to_lowercase().replace('\u{2019}', "'");
    let bare = lower.strip_suffix("'s").unwrap_or(&lower);
    Stemmer::create(Algorithm::English).stem(bare).into_owned()
}

/// The stems of the words of a text that carry meaning, in their order, with repetitions.
#[must_use]
pub fn content_stems(text: &str) -> Vec<String> {
    raw_words(text)
        .filter(|word| !is_stop_word(&word.to_lowercase()))
        .map(stem)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn words_keep_inner_apostrophes_and_decimal_points() {
        let words: Vec<_> = raw_words("Don't: 1,204 chunks, 0.8 (good).").collect();
        assert_eq!(words, ["Don't", "1,204", "chunks", "0.8", "good"]);
    }

    #[test]
    fn identifiers_fall_into_their_parts() {
        let words: Vec<_> = raw_words("`hybrid_search` and trace-id").collect();
        assert_eq!(words, ["hybrid", "search", "and", "trace", "id"]);
    }

    #[test]
    fn inflections_of_a_word_share_a_stem() {
        assert_eq!(stem("Treating"), stem("treated"));
        assert_eq!(stem("queen's"), stem("queens"));
    }

    #[test]
    fn content_is_what_is_left_without_stop_words() {
        assert_eq!(content_stems("What does the queen eat?"), ["queen", "eat"]);
    }

    proptest! {
        #[test]
        fn any_word_has_a_stem(word in "\\PC{0,20}") {
            prop_assert!(stem(&word).len() <= word.to_lowercase().len() + 2);
        }

        #[test]
        fn every_word_is_a_part_of_the_text_and_holds_a_letter_or_digit(text in "\\PC{0,60}") {
            for word in raw_words(&text) {
                prop_assert!(text.contains(word));
                prop_assert!(word.chars().any(char::is_alphanumeric));
            }
        }

        #[test]
        fn no_letter_or_digit_is_lost(text in "\\PC{0,60}") {
            let matching: String = raw_words(&text).flat_map(str::chars).filter(|c| c.is_alphanumeric()).collect();
            let all: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            prop_assert_eq!(matching, all);
        }
    }
}
