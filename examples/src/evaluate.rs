//! Judges an answer by its faithfulness: the share of its claims that the retrieved text supports.

use std::fmt;

use ragspan::{ErrorType, rag_span};

use crate::claims::{Support, claims, support};
use crate::retrieve::Hit;
use crate::statement::Statement;

/// From this score on an answer is good.
const GOOD: f64 = 0.8;

/// From this score on an answer is fair, below it poor.
const FAIR: f64 = 0.5;

/// A score in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QualityTier {
    /// At least 0.8.
    Good,
    /// At least 0.5.
    Fair,
    /// Below.
    Poor,
}

impl QualityTier {
    /// The tier of a score.
    #[must_use]
    pub fn of(score: f64) -> Self {
        if score >= GOOD {
            Self::Good
        } else if score >= FAIR {
            Self::Fair
        } else {
            Self::Poor
        }
    }

    /// Its name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
        }
    }
}

impl fmt::Display for QualityTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One claim and its relation to the retrieved text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The claim, as the answer has it.
    pub claim: String,
    /// The relation of the text to the claim.
    pub support: Support,
}

/// The judgement of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Supported claims divided by all claims.
    pub faithfulness: f64,
    /// How many claims are supported.
    pub supported: usize,
    /// Each claim.
    pub verdicts: Vec<Verdict>,
}

impl Evaluation {
    /// The score in words.
    #[must_use]
    pub fn tier(&self) -> QualityTier {
        QualityTier::of(self.faithfulness)
    }

    /// How many claims nothing supports.
    #[must_use]
    pub fn unsupported(&self) -> usize {
        self.verdicts.len() - self.supported
    }
}

/// Why an answer could not be judged.
#[derive(Debug, thiserror::Error, ErrorType)]
#[non_exhaustive]
pub enum EvaluationError {
    /// It claims nothing.
    #[error("the answer makes no claim; check the text of the model")]
    NoClaims,
}

/// Judges an answer against what was retrieved for it.
///
/// # Errors
/// [`EvaluationError::NoClaims`].
#[rag_span(layer = "evaluation")]
pub fn evaluate(answer: &str, hits: &[Hit]) -> Result<Evaluation, EvaluationError> {
    let claims = claims(answer);
    if claims.is_empty() {
        return Err(EvaluationError::NoClaims);
    }
    let evidence = evidence(hits);
    let verdicts: Vec<_> = claims
        .into_iter()
        .map(|claim| verdict(claim, &evidence))
        .collect();
    let supported = verdicts
        .iter()
        .filter(|verdict| verdict.support == Support::Supported)
        .count();
    let evaluation = Evaluation {
        faithfulness: supported as f64 / verdicts.len() as f64,
        supported,
        verdicts,
    };
    ragspan::rag::record_score("faithfulness", evaluation.faithfulness);
    let claims = evaluation.verdicts.len();
    ragspan::rag::record_claims(claims as u64, evaluation.unsupported() as u64);
    Ok(evaluation)
}

/// The retrieved sentences as statements.
struct Evidence {
    /// Each alone.
    sentences: Vec<Statement>,
    /// Each sentence joined with the next one, for claims that only two sentences support.
    pairs: Vec<Statement>,
}

fn evidence(hits: &[Hit]) -> Evidence {
    let mut evidence = Evidence {
        sentences: Vec::new(),
        pairs: Vec::new(),
    };
    for hit in hits {
        let sentences = hit.chunk.sentences.iter();
        let texts: Vec<_> = sentences.map(|sentence| sentence.text.as_str()).collect();
        let alone = texts.iter().map(|text| Statement::read(text));
        evidence.sentences.extend(alone);
        let pairs = texts.windows(2);
        let pairs = pairs.map(|pair| Statement::read(&pair.join(" ")));
        evidence.pairs.extend(pairs);
    }
    evidence
}

/// Two sentences are asked together only where none alone speaks of the claim: one may deny what the other affirms of
/// something else.
fn verdict(claim: String, evidence: &Evidence) -> Verdict {
    let statement = Statement::read(&claim);
    let ask = |texts: &[Statement]| {
        let answers = texts.iter().map(|text| support(&statement, text));
        answers.max().unwrap_or(Support::Absent)
    };
    let support = match ask(&evidence.sentences) {
        Support::Absent => ask(&evidence.pairs),
        decided => decided,
    };
    Verdict { claim, support }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::tests::hits;

    const PAGE: &str = "# Hours\n\nThe library opens at 9 on weekdays. It is closed on Sunday.\n\nBooks are lent for \
                        four weeks, films for two. Renewal is free. Fines are not charged to children.\n";

    fn score(answer: &str) -> f64 {
        evaluate(answer, &hits("hours.md", PAGE))
            .unwrap()
            .faithfulness
    }

    #[test]
    fn a_quoted_answer_is_wholly_supported() {
        let answer =
            "The library opens at 9 on weekdays. [hours.md:3] Renewal is free. [hours.md:5]";
        assert_eq!(score(answer), 1.0);
    }

    #[test]
    fn an_answer_that_contradicts_its_source_scores_below_one_that_it_supports() {
        let pairs = [
            (
                "The library opens at 9 on weekdays.",
                "The library opens at 10 on weekdays.",
            ),
            ("It is closed on Sunday.", "It is closed on Monday."),
            ("It is closed on Sunday.", "It is not closed on Sunday."),
            ("It is closed on Sunday.", "It is open on Sunday."),
            (
                "Fines are not charged to children.",
                "Fines are charged to children.",
            ),
            (
                "Books are lent for four weeks, films for two.",
                "Books are lent for two weeks, films for four.",
            ),
        ];
        for (faithful, contradicting) in pairs {
            let (high, low) = (score(faithful), score(contradicting));
            assert!(
                low < high,
                "{contradicting} {low} is not below {faithful} {high}"
            );
        }
    }

    #[test]
    fn a_denial_is_not_undone_by_the_sentence_beside_it() {
        let hits = hits("a.md", "Queens can sting. Drones cannot sting.\n");
        let found = evaluate("Drones sting.", &hits).unwrap();
        assert_eq!(found.verdicts[0].support, Support::Contradicted);
    }

    #[test]
    fn two_sentences_may_support_a_claim_together() {
        let hits = hits(
            "a.md",
            "Oxalic acid is trickled in December. It kills mites.\n",
        );
        assert_eq!(
            evaluate("Oxalic acid kills mites.", &hits)
                .unwrap()
                .supported,
            1
        );
    }

    #[test]
    fn one_wrong_claim_of_two_halves_the_score() {
        let found = evaluate(
            "Renewal is free. The library opens at 7 on weekdays.",
            &hits("hours.md", PAGE),
        )
        .unwrap();
        assert_eq!((found.faithfulness, found.unsupported()), (0.5, 1));
        assert_eq!(found.tier(), QualityTier::Fair);
        assert_eq!(found.verdicts[1].support, Support::Contradicted);
    }

    #[test]
    fn what_is_in_no_source_is_absent() {
        let found = evaluate("Parking costs a fortune.", &hits("hours.md", PAGE)).unwrap();
        assert_eq!(found.verdicts[0].support, Support::Absent);
        assert_eq!(found.tier(), QualityTier::Poor);
    }

    #[test]
    fn without_claims_there_is_no_score() {
        let evaluated = evaluate("[hours.md:3] ...", &hits("hours.md", PAGE));
        assert!(matches!(evaluated, Err(EvaluationError::NoClaims)));
    }

    #[test]
    fn tiers_begin_at_their_limits() {
        let tiers = [1.0, 0.8, 0.79, 0.5, 0.49, 0.0].map(|score| QualityTier::of(score).as_str());
        assert_eq!(tiers, ["good", "good", "fair", "fair", "poor", "poor"]);
    }
}
