//! Holds the chunks in memory with their two indexes, one by keyword and one by vector.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bm25::{SearchEngine, SearchEngineBuilder, Tokenizer};

use crate::chunk::Chunk;
use crate::embed::{Embedding, embed};
use crate::words::content_stems;

/// The weight of a word that occurs in no chunk, relative to the rarest word that does.
const UNKNOWN_WORD_FACTOR: f32 = 1.6;

/// The number of a chunk in its [`Library`], and its score in one ranking: higher is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    pub chunk: usize,
    pub score: f32,
}

/// Orders the best first, and equal ones by number, so that a run can be repeated.
pub fn best_first(a: &Scored, b: &Scored) -> Ordering {
    b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk))
}

/// The chunks and their indexes, which do not change once built.
pub struct Library {
    chunks: Vec<Arc<Chunk>>,
    /// The stems of each chunk.
    stems: Vec<HashSet<String>>,
    /// The number of chunks that contain a stem.
    chunks_with: HashMap<String, usize>,
    vectors: Vec<Embedding>,
    keywords: SearchEngine<usize, u64, Stems>,
}

impl Library {
    /// Indexes chunks that are embedded already.
    pub fn new(embedded: Vec<(Chunk, Embedding)>) -> Self {
        let (chunks, vectors): (Vec<_>, Vec<_>) = embedded.into_iter().unzip();
        let texts: Vec<_> = chunks.iter().map(Chunk::indexed_text).collect();
        let stems: Vec<HashSet<_>> = texts
            .iter()
            .map(|text| content_stems(text).into_iter().collect())
            .collect();
        let mut chunks_with = HashMap::new();
        for stem in stems.iter().flatten() {
            *chunks_with.entry(stem.clone()).or_insert(0) += 1;
        }
        Self {
            chunks: chunks.into_iter().map(Arc::new).collect(),
            keywords: keyword_index(texts),
            chunks_with,
            stems,
            vectors,
        }
    }

    /// Returns all chunks, in the order of their numbers.
    pub fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }

    /// Returns the chunks that share a word with the question, best first, by BM25.
    pub fn by_keyword(&self, question: &str, limit: usize) -> Vec<Scored> {
        let found = self.keywords.search(question, None).into_iter();
        let scored = found.map(|found| Scored {
            chunk: found.document.id,
            score: found.score,
        });
        best(scored.collect(), limit)
    }

    /// Returns the chunks whose embedding is nearest to the question's, best first, by cosine.
    pub fn by_vector(&self, question: &str, limit: usize) -> Vec<Scored> {
        let question = embed(question);
        let scored = self
            .vectors
            .iter()
            .enumerate()
            .map(|(chunk, vector)| Scored {
                chunk,
                score: question.cosine(vector),
            });
        best(scored.filter(|found| found.score > 0.0).collect(), limit)
    }

    /// Returns the share of the question's words that a chunk contains, from 0 to 1.
    ///
    /// Rare words count more, and a word that occurs nowhere counts most: the share of a question about another subject
    /// stays low, however many of its frequent words the chunk contains.
    pub fn coverage(&self, question: &str, chunk: usize) -> f32 {
        let (mut asked, mut covered) = (0.0, 0.0);
        for stem in content_stems(question).into_iter().collect::<BTreeSet<_>>() {
            let weight = self.weight(&stem);
            asked += weight;
            if self
                .stems
                .get(chunk)
                .is_some_and(|stems| stems.contains(&stem))
            {
                covered += weight;
            }
        }
        if asked > 0.0 { covered / asked } else { 0.0 }
    }

    /// Returns the inverse document frequency of a stem plus a constant, so that it is positive for a single page too.
    fn weight(&self, stem: &str) -> f32 {
        let with = self.chunks_with.get(stem).copied().unwrap_or(0) as f32;
        let without = self.chunks.len() as f32 - with;
        let rarity = 0.5 + (1.0 + (without + 0.5) / (with + 0.5)).ln();
        if with > 0.0 {
            rarity
        } else {
            rarity * UNKNOWN_WORD_FACTOR
        }
    }
}

fn best(mut found: Vec<Scored>, limit: usize) -> Vec<Scored> {
    found.sort_by(best_first);
    found.truncate(limit);
    found
}

/// Makes the keyword index compare the same stems as everything else here.
struct Stems;

impl Tokenizer for Stems {
    fn tokenize(&self, text: &str) -> Vec<String> {
        content_stems(text)
    }
}

fn keyword_index(texts: Vec<String>) -> SearchEngine<usize, u64, Stems> {
    let texts = texts.into_iter().enumerate();
    let documents = texts.map(|(chunk, text)| bm25::Document::new(chunk, text));
    SearchEngineBuilder::with_tokenizer_and_documents(Stems, documents.collect::<Vec<_>>()).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::tests::library;

    const TEXT: &str = "# Work\n\nWorkers gather nectar.\n";

    fn chunks(found: &[Scored]) -> Vec<usize> {
        found.iter().map(|it| it.chunk).collect()
    }

    #[test]
    fn both_indexes_find_the_chunks_that_share_words() {
        let library = library(&[TEXT, "The queen lays eggs.", "Drones gather nothing."]);
        assert_eq!(chunks(&library.by_keyword("queens", 9)), [1]);
        assert_eq!(chunks(&library.by_keyword("gathering nectar", 9)), [0, 2]);
        assert_eq!(chunks(&library.by_keyword("gathering nectar", 1)), [0]);
        assert!(library.by_keyword("football", 9).is_empty());
        assert_eq!(
            library.by_vector("nectarr", 9)[0].chunk,
            0,
            "a misspelt word"
        );
    }

    #[test]
    fn an_unknown_word_lowers_the_coverage_most() {
        let library = library(&[TEXT, "The queen lays eggs.", "Drones gather nothing."]);
        assert_eq!(library.coverage("does the queen lay eggs?", 1), 1.0);
        assert!(library.coverage("queen football", 1) < library.coverage("queen gathering", 1));
        assert_eq!(library.coverage("what is it?", 1), 0.0);
    }
}
