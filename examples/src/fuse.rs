//! Joins several rankings into one by reciprocal rank.

use std::collections::BTreeMap;

use ragspan::rag_span;

use crate::library::{Scored, best_first};

/// How slowly the weight of a rank falls; 60 is the customary value.
const RANK_OFFSET: f32 = 60.0;

/// One ranking from several: a chunk scores `1 / (60 + rank)` in each ranking that names it.
///
/// Only ranks count, so the scores of the rankings need not be comparable.
#[rag_span(layer = "retrieval", kind = "rerank", ok(|fused| candidates = fused.len()))]
#[must_use]
pub fn fuse(rankings: &[&[Scored]], limit: usize) -> Vec<Scored> {
    let mut scores: BTreeMap<usize, f32> = BTreeMap::new();
    for ranking in rankings {
        for (index, found) in ranking.iter().enumerate() {
            *scores.entry(found.chunk).or_default() += 1.0 / (RANK_OFFSET + index as f32 + 1.0);
        }
    }
    let mut fused: Vec<_> = scores
        .into_iter()
        .map(|(chunk, score)| Scored { chunk, score })
        .collect();
    fused.sort_by(best_first);
    fused.truncate(limit);
    fused
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ranking(chunks: &[usize]) -> Vec<Scored> {
        chunks
            .iter()
            .map(|&chunk| Scored { chunk, score: 1.0 })
            .collect()
    }

    fn order(fused: &[Scored]) -> Vec<usize> {
        fused.iter().map(|found| found.chunk).collect()
    }

    #[test]
    fn what_both_rankings_name_comes_first() {
        let fused = fuse(&[&ranking(&[1, 2, 3]), &ranking(&[4, 3, 5])], 9);
        assert_eq!(order(&fused), [3, 1, 4, 2, 5]);
    }

    #[test]
    fn the_score_is_the_sum_of_reciprocal_ranks() {
        let fused = fuse(&[&ranking(&[7]), &ranking(&[8, 7])], 9);
        assert!((fused[0].score - (1.0 / 61.0 + 1.0 / 62.0)).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn one_ranking_keeps_its_order(chunks in prop::collection::hash_set(0usize..50, 0..20), limit in 0usize..25) {
            let chunks: Vec<_> = chunks.into_iter().collect();
            let fused = fuse(&[&ranking(&chunks)], limit);
            prop_assert_eq!(order(&fused), chunks.iter().copied().take(limit).collect::<Vec<_>>());
        }
    }
}
