//! The wording for a name that is not known: the nearest spelling and the list of known ones.

/// Says that a word is not known, what was likely meant, and what there is.
pub(crate) fn unknown(kind: &str, word: &str, known: &[&str]) -> String {
    let near = match nearest(word, known) {
        Some(near) => format!(", did you mean `{near}`?"),
        None => String::from(";"),
    };
    format!("unknown {kind} `{word}`{near} known: {}", known.join(", "))
}

/// The known word that differs least, if it is near enough to be a slip.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let slips = |known: &str| distance(&word, known);
    let (slips, best) = known.iter().map(|known| (slips(known), *known)).min()?;
    (slips <= allowed(&word)).then_some(best)
}

/// A third of the word may be wrong, and at least one letter of it.
fn allowed(word: &str) -> usize {
    (word.chars().count() / 3).max(1)
}

/// Letters to insert, drop, replace or swap with their neighbour to turn one word into the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 0..from.len() {
        let row = next_row(&from, &to, i, &last, &before);
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

/// The distances from the first `i + 1` letters of `from` to each beginning of `to`.
fn next_row(from: &[char], to: &[char], i: usize, last: &[usize], before: &[usize]) -> Vec<usize> {
    let mut row = vec![i + 1];
    for j in 0..to.len() {
        let replaced = last[j] + usize::from(from[i] != to[j]);
        let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
        let swapped = i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j];
        if swapped {
            least = least.min(before[j - 1] + 1);
        }
        row.push(least);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WORDS: &[&str] = &["context", "metrics", "operation", "ok"];

    #[test]
    fn a_slip_is_recognised() {
        for (word, meant) in [
            ("contxt", "context"),
            ("metric", "metrics"),
            ("operatoin", "operation"),
            ("Context", "context"),
            ("k", "ok"),
        ] {
            assert_eq!(nearest(word, WORDS), Some(meant), "{word}");
        }
    }

    #[test]
    fn another_word_is_no_slip() {
        assert_eq!(nearest("banana", WORDS), None);
        assert_eq!(nearest("context", &[]), None);
    }

    #[test]
    fn the_message_lists_what_there_is() {
        let near = unknown("argument", "metric", WORDS);
        assert_eq!(
            near,
            "unknown argument `metric`, did you mean `metrics`? known: context, metrics, operation, ok"
        );
        let far = unknown("argument", "banana", &["ok"]);
        assert_eq!(far, "unknown argument `banana`; known: ok");
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_zero_only_for_the_same(a in "[ab]{0,6}", b in "[ab]{0,6}") {
            prop_assert_eq!(distance(&a, &b), distance(&b, &a));
            prop_assert_eq!(distance(&a, &b) == 0, a == b);
        }

        #[test]
        fn swapping_neighbours_is_one_slip(word in "[a-e]{2,8}", at in 0usize..7) {
            let mut letters: Vec<char> = word.chars().collect();
            let at = at % (letters.len() - 1);
            letters.swap(at, at + 1);
            let swapped: String = letters.into_iter().collect();
            prop_assert!(distance(&word, &swapped) <= 1);
        }
    }
}
