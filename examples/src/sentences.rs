//! Cuts running text into sentences.

use std::ops::Range;

/// Abbreviations whose full stop does not end a sentence, in lower case.
const ABBREVIATIONS: &[&str] = &[
    "approx", "cf", "dr", "e.g", "etc", "fig", "i.e", "mr", "mrs", "ms", "no", "prof", "resp",
    "st", "vs",
];

/// The byte ranges of the sentences of a text, in order, without the white space around them.
#[must_use]
pub fn sentence_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(['.', '!', '?', '\u{2026}']) {
        if let Some(end) = sentence_end(text, at) {
            push_trimmed(text, start..end, &mut ranges);
            start = end;
        }
    }
    push_trimmed(text, start..text.len(), &mut ranges);
    ranges
}

/// The sentences of a text, in order.
pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    sentence_ranges(text)
        .into_iter()
        .filter_map(|range| text.get(range))
}

/// Returns the end of the sentence with a mark at `mark`, including closing quotes and brackets.
fn sentence_end(text: &str, mark: usize) -> Option<usize> {
    let after = text.get(mark..)?;
    let closing = after.trim_start_matches(|c| ".!?\u{2026}\"')]\u{201d}\u{2019}*`".contains(c));
    let end = text.len() - closing.len();
    let starts_anew = match closing.chars().next() {
        None => true,
        Some(space) if space.is_whitespace() => begins_sentence(closing.trim_start()),
        Some(_) => false,
    };
    let stop_of_abbreviation = after.starts_with('.') && ends_abbreviated(text.get(..mark)?);
    (starts_anew && !stop_of_abbreviation).then_some(end)
}

/// Returns `true` if the text may begin a sentence: it starts with neither a small letter nor a punctuation mark.
fn begins_sentence(following: &str) -> bool {
    following
        .chars()
        .next()
        .is_none_or(|c| !c.is_lowercase() && !",;:)".contains(c))
}

/// Returns `true` if the word before a full stop is an abbreviation or the initial of a name.
fn ends_abbreviated(before: &str) -> bool {
    let word = before
        .rsplit(|c: char| c.is_whitespace() || c == '(')
        .next()
        .unwrap_or_default();
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

fn push_trimmed(text: &str, range: Range<usize>, ranges: &mut Vec<Range<usize>>) {
    let Some(part) = text.get(range.clone()) else {
        return;
    };
    let start = range.start + (part.len() - part.trim_start().len());
    let end = start + part.trim().len();
    if start < end {
        ranges.push(start..end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text).collect()
    }

    #[test]
    fn marks_before_a_capital_end_a_sentence() {
        assert_eq!(
            cut("Bees fly. Do they? Yes!"),
            ["Bees fly.", "Do they?", "Yes!"]
        );
    }

    #[test]
    fn abbreviations_initials_and_numbers_do_not() {
        let text = "See e.g. Langstroth, i.e. L. Langstroth, at 0.5 km. It is near.";
        assert_eq!(
            cut(text),
            [
                "See e.g. Langstroth, i.e. L. Langstroth, at 0.5 km.",
                "It is near."
            ]
        );
    }

    #[test]
    fn closing_quotes_belong_to_their_sentence() {
        assert_eq!(
            cut("\"Stop.\" He left (at once.) Now."),
            ["\"Stop.\"", "He left (at once.)", "Now."]
        );
    }

    #[test]
    fn a_text_without_marks_is_one_sentence() {
        assert_eq!(cut("  no mark at all "), ["no mark at all"]);
        assert!(cut(" \n ").is_empty());
    }

    proptest! {
        #[test]
        fn only_white_space_is_dropped(text in "[A-Za-z0-9 .!?\"')é…\n]{0,80}") {
            let matching: String = sentences(&text).collect();
            let strip = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(strip(&matching), strip(&text));
        }

        #[test]
        fn a_sentence_is_not_cut_again(text in "[A-Za-z0-9 .!?\"')é…\n]{0,80}") {
            for sentence in sentences(&text) {
                prop_assert_eq!(cut(sentence), vec![sentence]);
            }
        }
    }
}
