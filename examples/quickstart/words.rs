//! Splits text into the stems that the search and the evaluation compare.

use rust_stemmers::{Algorithm, Stemmer};

/// English words without a meaning of their own. Sorted, for the binary search.
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

/// Returns the words of a text that have a meaning of their own, as written.
pub fn content_words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .filter(|word| {
            STOP_WORDS
                .binary_search(&word.to_lowercase().as_str())
                .is_err()
        })
}

/// Returns the stem of a word: `treating` and `Treated` have the same.
pub fn stem(word: &str) -> String {
    let stemmer = Stemmer::create(Algorithm::English);
    stemmer.stem(&word.to_lowercase()).into_owned()
}

/// Returns the stems of the content words of a text, in their order, with repetitions.
pub fn content_stems(text: &str) -> Vec<String> {
    content_words(text).map(stem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn stems_ignore_case_inflection_and_stop_words() {
        assert_eq!(content_stems("What do the Queens eat?"), ["queen", "eat"]);
        assert_eq!(
            content_stems("`hybrid_search`, the queen's"),
            ["hybrid", "search", "queen"]
        );
    }
}
