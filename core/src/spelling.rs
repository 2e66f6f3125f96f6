//! Suggestions for misspelled names.

/// A longer name gets no suggestion, so that the time to compare hostile input is bounded.
const MAX_CHARS: usize = 64;

/// Returns the known name with the smallest edit distance to `name`, if at most a third of the characters differ.
/// Ignores case.
///
/// One edit inserts, removes or replaces a character, or swaps two neighbours. One edit is always allowed, as long as
/// the names have a character in common.
///
/// ```
/// use ragspan_core::spelling::nearest;
///
/// assert_eq!(nearest("prot", ["path", "port"]), Some("port"));
/// assert_eq!(nearest("banana", ["path", "port"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().take(MAX_CHARS + 1).count();
    if length > MAX_CHARS {
        return None;
    }
    let name = name.to_lowercase();
    let distance = |known: &str| strsim::osa_distance(&name, &known.to_lowercase());
    let candidates = known.into_iter().map(|known| (distance(known), known));
    let (distance, best) = candidates.min()?;
    let has_common_character = distance < length.max(best.chars().count());
    (distance <= (length / 3).max(1) && has_common_character).then_some(best)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: [&str; 5] = ["enabled", "port", "backends", "slack_webhook", "Display"];

    #[test]
    fn a_misspelled_name_gets_a_suggestion() {
        for (name, intended) in [
            ("enable", "enabled"),
            ("Prot", "port"),
            ("backend", "backends"),
            ("slackwebhook", "slack_webhook"),
            ("display", "Display"),
        ] {
            assert_eq!(nearest(name, KNOWN), Some(intended), "{name}");
        }
        assert_eq!(nearest("k", ["ok"]), Some("ok"));
    }

    #[test]
    fn a_different_name_gets_no_suggestion() {
        assert_eq!(nearest("banana", KNOWN), None);
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("port", []), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), KNOWN), None);
    }

    proptest! {
        #[test]
        fn a_name_without_one_letter_gets_a_suggestion(index in 0..KNOWN.len(), letter in 0_usize..4) {
            let mut name = KNOWN[index].to_owned();
            name.remove(letter);
            prop_assert_eq!(nearest(&name, KNOWN), Some(KNOWN[index]));
        }

        #[test]
        fn no_text_causes_a_panic(name in any::<String>()) {
            prop_assert!(nearest(&name, KNOWN).is_none_or(|known| KNOWN.contains(&known)));
        }
    }
}
