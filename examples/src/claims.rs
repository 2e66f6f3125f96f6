//! Cuts an answer into claims and decides of each whether a text supports it.

use crate::sentences::sentences;
use crate::statement::{Kind, Statement, Term};

/// One word in this many may be missing from the text; a claim of fewer words must be there whole.
const WORDS_PER_MISSING: usize = 6;

/// The least share of neighbouring words that must be neighbours in the text too.
const MIN_SHARED_NEIGHBOURS: f32 = 0.34;

/// Words that exclude each other, in lower case.
const OPPOSITES: &[(&str, &str)] = &[
    ("above", "below"),
    ("after", "before"),
    ("all", "none"),
    ("allowed", "forbidden"),
    ("always", "never"),
    ("always", "sometimes"),
    ("autumn", "spring"),
    ("begins", "ends"),
    ("cold", "hot"),
    ("cold", "warm"),
    ("colder", "hotter"),
    ("colder", "warmer"),
    ("day", "night"),
    ("decreases", "increases"),
    ("disabled", "enabled"),
    ("down", "up"),
    ("dry", "wet"),
    ("early", "late"),
    ("east", "west"),
    ("fail", "succeed"),
    ("fails", "succeeds"),
    ("false", "true"),
    ("fewer", "more"),
    ("female", "male"),
    ("first", "last"),
    ("high", "low"),
    ("higher", "lower"),
    ("inside", "outside"),
    ("least", "most"),
    ("left", "right"),
    ("less", "more"),
    ("maximum", "minimum"),
    ("narrow", "wide"),
    ("narrower", "wider"),
    ("new", "old"),
    ("north", "south"),
    ("often", "seldom"),
    ("old", "young"),
    ("open", "closed"),
    ("opens", "closes"),
    ("over", "under"),
    ("smaller", "larger"),
    ("summer", "winter"),
    ("with", "without"),
];

/// The relation of a text to a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Support {
    /// It does not speak of it.
    Absent,
    /// The text is about the same subject, with another number, name or order, or the opposite.
    Contradicted,
    /// The text states the claim.
    Supported,
}

/// The claims of an answer: its sentences and their parts between semicolons, without the sources in brackets.
#[must_use]
pub fn claims(answer: &str) -> Vec<String> {
    let parts = without_sources(answer);
    let sentences = parts.iter().flat_map(|part| sentences(part));
    sentences
        .flat_map(|sentence| sentence.split(';'))
        .map(str::trim)
        .filter(|claim| !Statement::read(claim).terms.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The pieces of an answer between its sources, `[file:line]`.
fn without_sources(answer: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = answer;
    let mut from = 0;
    while let Some(open) = rest
        .get(from..)
        .and_then(|r| r.find('['))
        .map(|at| at + from)
    {
        let close = rest.get(open..).and_then(|r| r.find(']'));
        let Some(close) = close.map(|at| at + open) else {
            break;
        };
        if is_source(rest.get(open + 1..close).unwrap_or_default()) {
            pieces.push(rest.get(..open).unwrap_or_default());
            rest = rest.get(close + 1..).unwrap_or_default();
            from = 0;
        } else {
            from = open + 1;
        }
    }
    pieces.push(rest);
    pieces
}

fn is_source(inside: &str) -> bool {
    inside.rsplit_once(':').is_some_and(|(file, line)| {
        !file.is_empty() && !line.is_empty() && line.chars().all(|c| c.is_ascii_digit())
    })
}

/// Returns the relation of a sentence, or of two adjacent ones, to a claim.
///
/// The comparison is by words: it is strict with numbers, names, negations, opposites and the order of words, and it
/// knows no synonyms, so it would rather doubt a free paraphrase than believe a contradiction.
pub(crate) fn support(claim: &Statement, text: &Statement) -> Support {
    let plain = claim.stems_of(Kind::Plain);
    let missing = plain.iter().filter(|stem| !text.mentions(stem)).count();
    if missing > claim.terms.len() / WORDS_PER_MISSING {
        return Support::Absent;
    }
    let agrees = [Kind::Number, Kind::Name]
        .into_iter()
        .all(|kind| facts_agree(claim, text, kind))
        && polarity_agrees(claim, text)
        && !has_opposite(claim, text)
        && order_agrees(claim, text);
    if agrees {
        Support::Supported
    } else {
        Support::Contradicted
    }
}

/// Every number (or name) of the claim is in the text, and where that has several, next to the same words.
fn facts_agree(claim: &Statement, text: &Statement, kind: Kind) -> bool {
    let wanted = claim.stems_of(kind);
    if !wanted.iter().all(|stem| text.mentions(stem)) {
        return false;
    }
    let passive = |statement: &Statement| statement.words.contains("by");
    let free = kind == Kind::Name && passive(claim) != passive(text);
    if free || text.stems_of(kind).len() < 2 {
        return true;
    }
    let of_claim = shared_order(claim, text);
    // A number of the text that the claim leaves out still parts its neighbours: in `opens at 9, closes at 17` nothing
    // opens at 17.
    let matching = |term: &&Term| term.kind == kind || claim.mentions(&term.stem);
    let of_text: Vec<_> = text.terms.iter().filter(matching).map(Term::stem).collect();
    wanted
        .iter()
        .all(|stem| has_same_neighbours(stem, &of_claim, &of_text))
}

/// The words of `one` that `other` has too, in the order of `one`.
fn shared_order<'a>(one: &'a Statement, other: &Statement) -> Vec<&'a str> {
    let terms = one.terms.iter().filter(|term| other.mentions(&term.stem));
    terms.map(Term::stem).collect()
}

/// Returns `true` if a word has a neighbour in the text that it also has in the claim.
fn has_same_neighbours(stem: &str, of_claim: &[&str], of_text: &[&str]) -> bool {
    let in_claim = neighbours(stem, of_claim);
    let in_text = neighbours(stem, of_text);
    in_claim.iter().any(|&(before, after)| {
        let alone = before.is_none() && after.is_none();
        let matches = |b: Option<&str>, a: Option<&str>| {
            (before.is_some() && before == b) || (after.is_some() && after == a)
        };
        alone || in_text.iter().any(|&(b, a)| matches(b, a))
    })
}

fn neighbours<'a>(stem: &str, order: &[&'a str]) -> Vec<(Option<&'a str>, Option<&'a str>)> {
    let positions = order.iter().enumerate().filter(|(_, word)| **word == stem);
    positions
        .map(|(at, _)| {
            let before = at.checked_sub(1).and_then(|at| order.get(at));
            (before.copied(), order.get(at + 1).copied())
        })
        .collect()
}

/// No word that both have is affirmed by the one and denied by the other.
fn polarity_agrees(claim: &Statement, text: &Statement) -> bool {
    claim.terms.iter().all(|term| {
        let (affirmed, denied) = text.polarity(&term.stem);
        let mentioned = affirmed || denied;
        !mentioned || if term.denied { denied } else { affirmed }
    })
}

/// Returns `true` if the text has the opposite of a word of the claim instead of the word.
fn has_opposite(claim: &Statement, text: &Statement) -> bool {
    let replaces = |one: &str, other: &str| {
        claim.words.contains(one)
            && !claim.words.contains(other)
            && text.words.contains(other)
            && !text.words.contains(one)
    };
    OPPOSITES
        .iter()
        .any(|(a, b)| replaces(a, b) || replaces(b, a))
}

/// Returns `true` if enough neighbouring words of the claim are neighbours in the text: `workers drive drones` is not `drones drive workers`.
fn order_agrees(claim: &Statement, text: &Statement) -> bool {
    let (of_claim, of_text) = (shared_order(claim, text), shared_order(text, claim));
    let pairs = of_claim.windows(2).count();
    if pairs < 2 {
        return true;
    }
    let matching = of_claim
        .windows(2)
        .filter(|pair| of_text.windows(2).any(|other| other == *pair))
        .count();
    matching as f32 / pairs as f32 >= MIN_SHARED_NEIGHBOURS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn classify(claim: &str, text: &str) -> Support {
        support(&Statement::read(claim), &Statement::read(text))
    }

    const HOURS: &str = "The library opens at 9 and closes at 17 on Monday.";

    #[test]
    fn a_statement_of_the_text_is_supported() {
        for claim in [
            HOURS,
            "The library opens at 9.",
            "On Monday the library opens at nine.",
            "It closes at 17 and opens at 9 on Monday.",
        ] {
            assert_eq!(classify(claim, HOURS), Support::Supported, "{claim}");
        }
    }

    #[test]
    fn another_number_or_the_numbers_swapped_contradict() {
        for claim in [
            "The library opens at 10.",
            "The library opens at 17 and closes at 9 on Monday.",
            "The library opens at 17.",
        ] {
            assert_eq!(classify(claim, HOURS), Support::Contradicted, "{claim}");
        }
    }

    #[test]
    fn negation_on_either_side_contradicts() {
        let (yes, no) = ("Bees sleep in winter.", "Bees do not sleep in winter.");
        assert_eq!(classify(yes, no), Support::Contradicted);
        assert_eq!(classify(no, yes), Support::Contradicted);
        assert_eq!(
            classify("Drones gather.", "Drones gather nothing."),
            Support::Contradicted
        );
        assert_eq!(
            classify("Bees never sleep in winter.", no),
            Support::Supported
        );
    }

    #[test]
    fn swapped_and_exchanged_names_contradict() {
        let text = "In 1843 Ada wrote to Grace about engines.";
        assert_eq!(
            classify("In 1843 Grace wrote to Ada about engines.", text),
            Support::Contradicted
        );
        assert_eq!(
            classify("In 1843 Ada wrote to Mary about engines.", text),
            Support::Contradicted
        );
        assert_eq!(classify("Ada wrote to Grace.", text), Support::Supported);
    }

    #[test]
    fn swapped_roles_contradict() {
        let text = "In autumn the workers drive the drones out of the hive.";
        let swapped = "In autumn the drones drive the workers out of the hive.";
        assert_eq!(classify(swapped, text), Support::Contradicted);
        assert_eq!(classify(text, text), Support::Supported);
    }

    #[test]
    fn the_opposite_contradicts() {
        let text = "Formic acid is given after the harvest of the honey in August.";
        let opposite = "Formic acid is given before the harvest of the honey in August.";
        assert_eq!(classify(opposite, text), Support::Contradicted);
    }

    #[test]
    fn what_the_text_does_not_speak_of_is_absent() {
        assert_eq!(
            classify("The mayor likes football.", HOURS),
            Support::Absent
        );
        assert_eq!(
            classify("A drone lays eggs.", "A queen lays eggs."),
            Support::Absent
        );
    }

    #[test]
    fn claims_are_sentences_without_sources() {
        let answer = "Bees fly. [a.md:3] They sting; drones do not [b/c.md:12]. See [this]! Yes.";
        assert_eq!(
            claims(answer),
            [
                "Bees fly.",
                "They sting",
                "drones do not",
                "See [this]!",
                "Yes."
            ]
        );
    }

    #[test]
    fn broken_brackets_are_text() {
        assert_eq!(
            claims("Bees [fly. Bees]: sting[:3]"),
            ["Bees [fly.", "Bees]: sting[:3]"]
        );
        assert!(claims(" [a.md:3] ... ").is_empty());
    }

    /// Sentences of an unkind mixture: negations, numbers, names and clause words in any order.
    fn sentence() -> impl Strategy<Value = String> {
        let word = prop::sample::select(
            &[
                "bees", "Ada", "Grace", "not", "never", "nothing", "9", "17", "two", "thousand",
                "twenty", "open", "close", "before", "after", "and", "but", "by", "the", "with",
                "without", "winter", "hive,", "summer",
            ][..],
        );
        prop::collection::vec(word, 3..14).prop_map(|words| format!("{}.", words.join(" ")))
    }

    proptest! {
        #[test]
        fn a_text_supports_its_own_words(text in sentence()) {
            prop_assert_eq!(classify(&text, &text), Support::Supported);
        }

        #[test]
        fn a_number_that_the_text_does_not_have_is_never_supported(text in sentence()) {
            let text = text.replace('.', " at 17.");
            let changed = text.replace("17", "43");
            prop_assert_ne!(classify(&changed, &text), Support::Supported);
        }

        #[test]
        fn any_texts_can_be_compared(claim in "\\PC{0,60}", text in "\\PC{0,60}") {
            let _whatever_it_is = classify(&claim, &text);
            prop_assert!(claims(&claim).iter().all(|part| claim.contains(part.as_str())));
        }
    }
}
