//! Answers without a model: picks the sentences that speak of the question and quotes them with their sources.

use std::collections::{BTreeSet, HashSet};

use crate::parse::Sentence;
use crate::retrieve::Hit;
use crate::words::content_stems;

/// How many sentences an answer quotes at most.
const MAX_SENTENCES: usize = 3;

/// A sentence is quoted beside the best one only if it is at least this good in comparison.
const WORTH_OF_BEST: f32 = 0.6;

/// A sentence that may be quoted, and how well it answers.
struct Candidate<'a> {
    hit: usize,
    position: usize,
    sentence: &'a Sentence,
    source: &'a str,
    stems: HashSet<String>,
    score: f32,
}

/// The answer: quoted sentences, each followed by its source, `[file:line]`. Empty if there is nothing to quote.
#[must_use]
pub fn quote(question: &str, hits: &[Hit]) -> String {
    let mut candidates = candidates(hits);
    score(question, hits, &mut candidates);
    let mut chosen = choose(candidates);
    chosen.sort_by_key(|candidate| (candidate.hit, candidate.position));
    let quoted: Vec<_> = chosen.iter().map(Candidate::quoted).collect();
    quoted.join(" ")
}

impl Candidate<'_> {
    fn quoted(&self) -> String {
        format!(
            "{} [{}:{}]",
            self.sentence.text, self.source, self.sentence.line
        )
    }
}

fn candidates(hits: &[Hit]) -> Vec<Candidate<'_>> {
    let sentences = hits.iter().enumerate().flat_map(|(number, hit)| {
        let sentences = hit.chunk.sentences.iter().enumerate();
        sentences.map(move |(position, sentence)| Candidate {
            hit: number,
            position,
            sentence,
            source: &hit.chunk.source,
            stems: content_stems(&sentence.text).into_iter().collect(),
            score: 0.0,
        })
    });
    sentences.filter(|c| c.stems.len() > 1).collect()
}

/// A sentence scores by the question's words in it, rare ones more, and a little by those in its heading, by its chunk's
/// relevance and rank.
fn score(question: &str, hits: &[Hit], candidates: &mut [Candidate<'_>]) {
    let asked: BTreeSet<_> = content_stems(question).into_iter().collect();
    let weights: Vec<(&String, f32)> = asked
        .iter()
        .map(|stem| (stem, rarity(stem, candidates)))
        .collect();
    for candidate in candidates {
        let heading: HashSet<_> = content_stems(&candidate.sentence.heading)
            .into_iter()
            .collect();
        let weigh = |stems: &HashSet<String>| -> f32 {
            let shared = weights.iter().filter(|(stem, _)| stems.contains(*stem));
            shared.map(|(_, weight)| weight).sum()
        };
        let words = weigh(&candidate.stems) + 0.3 * weigh(&heading);
        let relevance = hits.get(candidate.hit).map_or(0.0, |hit| hit.relevance);
        candidate.score = words * (0.5 + relevance / 2.0) / (1.0 + 0.1 * candidate.hit as f32);
    }
}

fn rarity(stem: &str, candidates: &[Candidate<'_>]) -> f32 {
    let with = candidates.iter().filter(|c| c.stems.contains(stem)).count() as f32;
    (1.0 + candidates.len() as f32 / (1.0 + with)).ln()
}

/// The best sentences, without those that repeat one already chosen.
fn choose(mut candidates: Vec<Candidate<'_>>) -> Vec<Candidate<'_>> {
    candidates.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then((a.hit, a.position).cmp(&(b.hit, b.position)))
    });
    let best = candidates.first().map_or(0.0, |candidate| candidate.score);
    let mut chosen: Vec<Candidate<'_>> = Vec::new();
    for candidate in candidates {
        let enough = chosen.len() == MAX_SENTENCES || candidate.score < best * WORTH_OF_BEST;
        if enough {
            break;
        }
        if chosen.iter().all(|earlier| !earlier.repeats(&candidate)) {
            chosen.push(candidate);
        }
    }
    chosen
}

impl Candidate<'_> {
    /// Returns `true` if two sentences consist of almost the same words.
    fn repeats(&self, other: &Self) -> bool {
        let common = self.stems.intersection(&other.stems).count();
        let fewer = self.stems.len().min(other.stems.len());
        common * 10 >= fewer * 9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::tests::hits;
    use proptest::prelude::*;

    const PAGE: &str = "# Queens\n\nA hive is a box. The queen lays two thousand eggs a day.\n\nDrones have no sting.\n";

    #[test]
    fn the_sentence_that_answers_is_quoted_with_its_line() {
        let answer = quote("How many eggs does a queen lay?", &hits("a.md", PAGE));
        assert_eq!(answer, "The queen lays two thousand eggs a day. [a.md:3]");
    }

    #[test]
    fn a_repeated_sentence_is_quoted_once() {
        let text = "Bees like water here.\n\nBees like water here!\n";
        assert_eq!(
            quote("bees and water", &hits("a.md", text)),
            "Bees like water here. [a.md:1]"
        );
    }

    #[test]
    fn without_hits_there_is_nothing_to_quote() {
        assert_eq!(quote("queen", &[]), "");
    }

    proptest! {
        #[test]
        fn an_answer_quotes_at_most_three_sentences_of_the_text(question in "(queen|bee|egg|lays| ){0,8}") {
            let hits = hits("a.md", PAGE);
            let answer = quote(&question, &hits);
            let quoted: Vec<_> = answer.split(']').map(str::trim).filter(|part| !part.is_empty()).collect();
            prop_assert!(quoted.len() <= MAX_SENTENCES);
            for part in quoted {
                let (sentence, _) = part.rsplit_once(" [").unwrap();
                prop_assert!(PAGE.contains(sentence));
            }
        }
    }
}
