//! Answers without a model: quotes the sentences that share the question's words, with their sources.

use std::collections::{BTreeSet, HashSet};

use crate::parse::Sentence;
use crate::retrieve::Hit;
use crate::words::content_stems;

/// The maximum number of sentences of an answer.
const MAX_SENTENCES: usize = 3;

/// The least score of a quoted sentence, relative to the best one's.
const WORTH_OF_BEST: f32 = 0.6;

/// The weight of a word of the question in the heading above a sentence; in the sentence itself it is one.
const HEADING_WEIGHT: f32 = 0.3;

/// A sentence that may be quoted.
struct Candidate<'a> {
    /// The indices of its hit, and of the sentence in the chunk.
    position: (usize, usize),
    sentence: &'a Sentence,
    source: &'a str,
    stems: HashSet<String>,
    score: f32,
}

/// Returns quoted sentences, each followed by its source, `[file:line]`; empty if there is nothing to quote.
pub fn quote(question: &str, hits: &[Hit]) -> String {
    let mut candidates = candidates(hits);
    score(question, hits, &mut candidates);
    let mut chosen = choose(candidates);
    chosen.sort_by_key(|it| it.position);
    let quoted = chosen
        .iter()
        .map(|it| format!("{} [{}:{}]", it.sentence.text, it.source, it.sentence.line));
    quoted.collect::<Vec<_>>().join(" ")
}

fn candidates(hits: &[Hit]) -> Vec<Candidate<'_>> {
    let of_hit = |(number, hit)| {
        let Hit { chunk, .. }: &Hit = hit;
        let sentences = chunk.sentences.iter().enumerate();
        sentences.map(move |(index, sentence)| Candidate {
            position: (number, index),
            sentence,
            source: &chunk.source,
            stems: stems(&sentence.text),
            score: 0.0,
        })
    };
    let all = hits.iter().enumerate().flat_map(of_hit);
    all.filter(|it| it.stems.len() > 1).collect()
}

fn stems(text: &str) -> HashSet<String> {
    content_stems(text).into_iter().collect()
}

/// Scores a sentence by the question's words in it, rare ones more, and by the relevance and rank of its chunk.
fn score(question: &str, hits: &[Hit], candidates: &mut [Candidate<'_>]) {
    let asked: BTreeSet<_> = content_stems(question).into_iter().collect();
    let weights: Vec<_> = asked
        .iter()
        .map(|stem| (stem, rarity(stem, candidates)))
        .collect();
    let weigh = |stems: &HashSet<String>| -> f32 {
        let shared = weights.iter().filter(|(stem, _)| stems.contains(*stem));
        shared.map(|(_, weight)| weight).sum()
    };
    for candidate in candidates {
        let (rank, _) = candidate.position;
        let heading = stems(&candidate.sentence.heading);
        let words = weigh(&candidate.stems) + HEADING_WEIGHT * weigh(&heading);
        let relevance = hits.get(rank).map_or(0.0, |hit| hit.relevance);
        candidate.score = words * (0.5 + relevance / 2.0) / (1.0 + 0.1 * rank as f32);
    }
}

fn rarity(stem: &str, candidates: &[Candidate<'_>]) -> f32 {
    let with = candidates
        .iter()
        .filter(|it| it.stems.contains(stem))
        .count();
    (1.0 + candidates.len() as f32 / (1.0 + with as f32)).ln()
}

/// Returns the best sentences, without those that repeat a better one.
fn choose(mut candidates: Vec<Candidate<'_>>) -> Vec<Candidate<'_>> {
    candidates.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then(a.position.cmp(&b.position))
    });
    let least = candidates
        .first()
        .map_or(0.0, |best| best.score * WORTH_OF_BEST);
    let mut chosen: Vec<Candidate<'_>> = Vec::new();
    for candidate in candidates.into_iter().take_while(|it| it.score >= least) {
        if chosen.len() < MAX_SENTENCES && !chosen.iter().any(|better| repeats(better, &candidate))
        {
            chosen.push(candidate);
        }
    }
    chosen
}

/// Returns whether two sentences consist of almost the same words.
fn repeats(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let common = one.stems.intersection(&other.stems).count();
    let fewer = one.stems.len().min(other.stems.len());
    common * 10 >= fewer * 9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::tests::hits;

    #[test]
    fn the_sentence_that_answers_is_quoted_once_with_its_line() {
        let page = "# Queens\n\nA hive is a box. The queen lays two thousand eggs a day.\n\nDrones have no sting.\n\n\
                    The queen lays two thousand eggs a day!\n";
        let answer = quote("How many eggs does a queen lay?", &hits("a.md", page));
        assert_eq!(answer, "The queen lays two thousand eggs a day. [a.md:3]");
    }
}
