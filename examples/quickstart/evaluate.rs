//! Scores the faithfulness of an answer: the share of its sentences that the retrieved text supports.
//!
//! A service would ask a model to judge. Here a sentence is supported if one retrieved sentence, or two adjacent ones,
//! contain all of its words, and negate as it does.

use std::collections::HashSet;

use ragspan::{ErrorType, rag_span};

use crate::parse::sentences;
use crate::retrieve::Hit;
use crate::words::content_stems;

/// Words that turn a statement into its opposite.
const NEGATIONS: [&str; 8] = [
    "cannot", "neither", "never", "no", "none", "nor", "not", "without",
];

/// The score of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// Supported sentences divided by all sentences.
    pub faithfulness: f64,
}

impl Evaluation {
    /// Returns the score as a word.
    pub fn tier(self) -> &'static str {
        match self.faithfulness {
            0.8.. => "good",
            0.5.. => "fair",
            _ => "poor",
        }
    }
}

#[derive(Debug, thiserror::Error, ErrorType)]
pub enum EvaluationError {
    #[error("the answer makes no claim; check the text of the model")]
    NoClaims,
}

/// Scores an answer against the text that was retrieved for it.
#[rag_span(layer = "evaluation")]
pub fn evaluate(answer: &str, hits: &[Hit]) -> Result<Evaluation, EvaluationError> {
    let claims = claims(answer);
    if claims.is_empty() {
        return Err(EvaluationError::NoClaims);
    }
    let evidence: Vec<_> = hits.iter().flat_map(evidence).collect();
    let is_supported = |claim: &&Statement| evidence.iter().any(|it| it.supports(claim));
    let supported = claims.iter().filter(is_supported).count();
    let faithfulness = supported as f64 / claims.len() as f64;
    ragspan::rag::record_score("faithfulness", faithfulness);
    ragspan::rag::record_claims(claims.len() as u64, (claims.len() - supported) as u64);
    Ok(Evaluation { faithfulness })
}

/// A sentence as it is compared.
struct Statement {
    stems: HashSet<String>,
    is_negated: bool,
}

impl Statement {
    fn new(text: &str) -> Self {
        let lower = text.to_lowercase();
        let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '\'');
        Self {
            stems: content_stems(text).into_iter().collect(),
            is_negated: words.any(|word| NEGATIONS.contains(&word) || word.ends_with("n't")),
        }
    }

    fn supports(&self, claim: &Self) -> bool {
        claim.stems.is_subset(&self.stems) && claim.is_negated == self.is_negated
    }
}

/// Returns the sentences of an answer without their sources, `[file:line]`.
fn claims(answer: &str) -> Vec<Statement> {
    let parts = answer
        .split('[')
        .enumerate()
        .map(|(number, part)| match part.split_once(']') {
            Some((source, text)) if number > 0 && source.contains(':') => text,
            _ => part,
        });
    let claims = parts.flat_map(sentences).map(Statement::new);
    claims.filter(|claim| !claim.stems.is_empty()).collect()
}

/// Returns the sentences of a hit, and each two adjacent ones.
fn evidence(hit: &Hit) -> Vec<Statement> {
    let texts: Vec<_> = hit
        .chunk
        .sentences
        .iter()
        .map(|it| it.text.as_str())
        .collect();
    let pairs = texts.windows(2).map(|pair| Statement::new(&pair.join(" ")));
    texts
        .iter()
        .map(|text| Statement::new(text))
        .chain(pairs)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::tests::hits;

    const PAGE: &str = "# Hours\n\nThe library opens at 9 on weekdays. It is closed on Sunday.\n\nRenewal is free. \
                        Fines are not charged to children.\n";

    fn score(answer: &str) -> f64 {
        evaluate(answer, &hits("hours.md", PAGE))
            .unwrap()
            .faithfulness
    }

    #[test]
    fn an_answer_from_its_sources_is_faithful() {
        assert_eq!(
            score("The library opens at 9 on weekdays. [hours.md:3] Renewal is free. [hours.md:5]"),
            1.0
        );
        assert_eq!(score("Fines are not charged to children."), 1.0);
        assert_eq!(
            score("The library is closed on Sunday. [hours.md:3]"),
            1.0,
            "from two sentences"
        );
    }

    #[test]
    fn an_answer_that_contradicts_its_sources_is_not() {
        for answer in [
            "The library opens at 10 on weekdays.",
            "It is closed on Monday.",
            "It is not closed on Sunday.",
            "Fines are charged to children.",
        ] {
            assert_eq!(score(answer), 0.0, "{answer}");
        }
        assert_eq!(
            score("Renewal is free. The library opens at 7 on weekdays."),
            0.5
        );
    }

    #[test]
    fn an_answer_without_a_claim_has_no_score() {
        let evaluated = evaluate("[hours.md:3] ...", &hits("hours.md", PAGE));
        assert!(matches!(evaluated, Err(EvaluationError::NoClaims)));
    }
}
