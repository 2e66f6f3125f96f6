//! The likely word for a misspelled one.

/// A longer word is no slip of anything that we know.
const LONGEST: usize = 64;

#[cfg(feature = "yaml")]
/// "did you mean ..?", or nothing where no word is near.
pub(super) fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("did you mean `{near}`?"))
}

/// The known word that differs least, if at most a third of the letters are wrong.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word
        .chars()
        .take(LONGEST + 1)
        .flat_map(char::to_lowercase)
        .collect();
    if word.len() > LONGEST {
        return None;
    }
    let (slips, best) = known.map(|known| (slips(&word, known), known)).min()?;
    (slips <= (word.len() / 3).max(1)).then_some(best)
}

/// Letters to insert, drop, replace or swap with their neighbour to turn one word into the other.
fn slips(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 0..from.len() {
        let mut row = vec![i + 1];
        for j in 0..to.len() {
            let replaced = last[j] + usize::from(from[i] != to[j]);
            let least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            let swapped = i > 0 && j > 0 && from[i] == to[j - 1] && from[i - 1] == to[j];
            row.push(if swapped {
                least.min(before[j - 1] + 1)
            } else {
                least
            });
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WORDS: [&str; 4] = ["enabled", "port", "backends", "slack_webhook"];

    fn near(word: &str) -> Option<&'static str> {
        nearest(word, WORDS.into_iter())
    }

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        for (word, meant) in [
            ("enable", "enabled"),
            ("Prot", "port"),
            ("backend", "backends"),
            ("slackwebhook", "slack_webhook"),
        ] {
            assert_eq!(near(word), Some(meant), "{word}");
        }
        assert_eq!(near("banana"), None);
        assert_eq!(near(&"x".repeat(1_000_000)), None);
        assert_eq!(did_you_mean("banana", WORDS.into_iter()), "");
    }

    proptest! {
        #[test]
        fn one_dropped_letter_is_a_slip(index in 0..WORDS.len(), letter in 0usize..4) {
            let mut word = WORDS[index].to_owned();
            word.remove(letter);
            prop_assert_eq!(near(&word), Some(WORDS[index]));
        }

        #[test]
        fn any_word_is_compared_without_harm(word in any::<String>()) {
            prop_assert!(near(&word).is_none_or(|known| WORDS.contains(&known)));
        }
    }
}
