//! Finds the known word that a misspelt one was meant to be.

use std::collections::HashSet;

/// Shorter words have too few letters to recognise a misspelling.
const MIN_LETTERS: usize = 5;

/// How alike two words must be, 1 being the same.
const MIN_LIKENESS: f32 = 0.7;

/// The known word that is most like `word`, if one is almost the same; of equals, the first in the alphabet.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a String>) -> Option<String> {
    let length = word.chars().count();
    if length < MIN_LETTERS {
        return None;
    }
    let trigrams = trigrams(word);
    known
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= 2)
        .map(|candidate| (likeness(&trigrams, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= MIN_LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate.clone())
}

/// The share of letter trigrams that two words have in common (the Dice coefficient).
fn likeness(trigrams_of_one: &HashSet<[char; 3]>, other: &str) -> f32 {
    let trigrams_of_other = trigrams(other);
    let common = trigrams_of_one.intersection(&trigrams_of_other).count();
    let all = trigrams_of_one.len() + trigrams_of_other.len();
    2.0 * common as f32 / all.max(1) as f32
}

fn trigrams(word: &str) -> HashSet<[char; 3]> {
    let marked: Vec<char> = format!("^{word}$").chars().collect();
    let windows = marked.windows(3);
    windows
        .filter_map(|window| <[char; 3]>::try_from(window).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn meant(word: &str) -> Option<String> {
        let known = ["varroa", "propolis", "queen", "varnish", "export"].map(String::from);
        nearest(word, known.iter())
    }

    #[test]
    fn a_slip_finds_its_word() {
        assert_eq!(meant("varoa").as_deref(), Some("varroa"));
        assert_eq!(meant("propollis").as_deref(), Some("propolis"));
    }

    #[test]
    fn another_word_and_a_short_one_find_none() {
        assert_eq!(meant("passport"), None);
        assert_eq!(meant("quen"), None);
    }

    proptest! {
        #[test]
        fn a_known_word_is_nearest_to_itself(words in prop::collection::vec("[a-z]{5,9}", 1..8)) {
            let found = nearest(&words[0], words.iter()).unwrap();
            prop_assert_eq!(trigrams(&found), trigrams(&words[0]));
        }
    }
}
