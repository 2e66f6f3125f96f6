//! Holds the ingested chunks in memory with their two indexes, one by keyword and one by vector.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use bm25::{Embedder, EmbedderBuilder, Scorer, Tokenizer};

use crate::chunk::Chunk;
use crate::embed::{Embedding, embed};
use crate::words::content_stems;

/// A chunk's number and how well it matched, by a measure that its giver names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The number of the chunk in its [`Library`].
    pub chunk: usize,
    /// Higher is better.
    pub score: f32,
}

/// The order of results: best first, and equal ones by number, so that a run can be repeated.
pub(crate) fn best_first(a: &Scored, b: &Scored) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk))
}

/// Lets the keyword index compare the same stems as everything else here.
#[derive(Debug)]
struct Stems;

impl Tokenizer for Stems {
    fn tokenize(&self, text: &str) -> Vec<String> {
        content_stems(text)
    }
}

/// The chunks and their indexes. It does not change once built.
pub struct Library {
    chunks: Vec<Arc<Chunk>>,
    stems: Vec<HashSet<String>>,
    chunks_with: HashMap<String, usize>,
    vectors: Vec<Embedding>,
    keyword_embedder: Embedder<u64, Stems>,
    keywords: Scorer<usize, u64>,
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library")
            .field("chunks", &self.chunks.len())
            .field("words", &self.chunks_with.len())
            .finish_non_exhaustive()
    }
}

impl Library {
    /// Indexes chunks that are embedded already.
    #[must_use]
    pub fn new(embedded: Vec<(Chunk, Embedding)>) -> Self {
        let (chunks, vectors): (Vec<_>, Vec<_>) = embedded.into_iter().unzip();
        let texts: Vec<_> = chunks.iter().map(Chunk::indexed_text).collect();
        let stems: Vec<HashSet<_>> = texts
            .iter()
            .map(|text| content_stems(text).into_iter().collect())
            .collect();
        let (keyword_embedder, keywords) = keyword_index(&texts);
        Self {
            chunks: chunks.into_iter().map(Arc::new).collect(),
            chunks_with: count(&stems),
            stems,
            vectors,
            keyword_embedder,
            keywords,
        }
    }

    /// The number of chunks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Whether there is no chunk.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// All chunks, in the order of their numbers.
    #[must_use]
    pub fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }

    /// The chunks that share a word with the query, best first, by BM25.
    #[must_use]
    pub fn by_keyword(&self, query: &str, limit: usize) -> Vec<Scored> {
        let matches = self.keywords.matches(&self.keyword_embedder.embed(query));
        let found = matches.into_iter().map(|document| Scored {
            chunk: document.id,
            score: document.score,
        });
        best(found.collect(), limit)
    }

    /// The chunks whose embedding is nearest to the query's, best first, by cosine.
    #[must_use]
    pub fn by_vector(&self, query: &str, limit: usize) -> Vec<Scored> {
        let query = embed(query);
        let all = self.vectors.iter().enumerate();
        let scored = all.map(|(chunk, vector)| Scored {
            chunk,
            score: query.cosine(vector),
        });
        best(scored.filter(|found| found.score > 0.0).collect(), limit)
    }

    /// The cosine between a query's embedding and a chunk's.
    #[must_use]
    pub fn nearness(&self, query: &Embedding, chunk: usize) -> f32 {
        self.vectors
            .get(chunk)
            .map_or(0.0, |vector| query.cosine(vector))
    }

    /// How much of what the query asks for a chunk speaks of, from 0 to 1.
    ///
    /// Every word of the query counts by its rarity in the library, and a word that occurs nowhere counts most: a
    /// question about something that is not in the corpus stays low, however well its small words match.
    #[must_use]
    pub fn coverage(&self, query: &str, chunk: usize) -> f32 {
        let query: HashSet<_> = content_stems(query).into_iter().collect();
        let Some(stems) = self.stems.get(chunk) else {
            return 0.0;
        };
        let weigh = |words: &mut dyn Iterator<Item = &String>| -> f32 {
            words.map(|word| self.rarity(word)).sum()
        };
        let asked = weigh(&mut query.iter());
        let covered = weigh(&mut query.intersection(stems));
        if asked > 0.0 { covered / asked } else { 0.0 }
    }

    /// How much the presence of a stem says: its inverse document frequency.
    #[must_use]
    pub fn rarity(&self, stem: &str) -> f32 {
        let with = self.chunks_with.get(stem).copied().unwrap_or(0) as f32;
        let without = self.chunks.len() as f32 - with;
        (1.0 + (without + 0.5) / (with + 0.5)).ln()
    }
}

fn best(mut found: Vec<Scored>, limit: usize) -> Vec<Scored> {
    found.sort_by(best_first);
    found.truncate(limit);
    found
}

fn keyword_index(texts: &[String]) -> (Embedder<u64, Stems>, Scorer<usize, u64>) {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let embedder = EmbedderBuilder::with_tokenizer_and_fit_to_corpus(Stems, &texts).build();
    let mut scorer = Scorer::new();
    for (chunk, text) in texts.iter().enumerate() {
        scorer.upsert(&chunk, embedder.embed(text));
    }
    (embedder, scorer)
}

fn count(stems: &[HashSet<String>]) -> HashMap<String, usize> {
    let mut chunks_with = HashMap::new();
    for stem in stems.iter().flatten() {
        *chunks_with.entry(stem.clone()).or_insert(0) += 1;
    }
    chunks_with
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::chunk;
    use crate::corpus::Document;

    fn library(texts: &[&str]) -> Library {
        let documents = texts.iter().enumerate().map(|(n, text)| Document {
            source: format!("{n}.md"),
            text: (*text).to_owned(),
        });
        let chunks = documents.flat_map(|document| chunk(&document));
        Library::new(
            chunks
                .map(|c| (c.clone(), embed(&c.indexed_text())))
                .collect(),
        )
    }

    fn numbers(found: &[Scored]) -> Vec<usize> {
        found.iter().map(|scored| scored.chunk).collect()
    }

    const TEXTS: &[&str] = &[
        "Workers gather nectar.",
        "The queen lays eggs.",
        "Drones gather nothing.",
    ];

    #[test]
    fn keywords_find_the_chunks_that_hold_them() {
        let library = library(TEXTS);
        assert_eq!(numbers(&library.by_keyword("queens", 9)), [1]);
        assert_eq!(numbers(&library.by_keyword("gathering nectar", 9)), [0, 2]);
        assert_eq!(numbers(&library.by_keyword("gathering nectar", 1)), [0]);
        assert!(library.by_keyword("football", 9).is_empty());
    }

    #[test]
    fn vectors_find_a_misspelt_word() {
        let library = library(TEXTS);
        assert_eq!(library.by_vector("nectarr", 9)[0].chunk, 0);
        assert!(library.by_keyword("nectarr", 9).is_empty());
    }

    #[test]
    fn equal_chunks_come_in_order() {
        let library = library(&["Bees fly.", "Bees fly.", "Bees fly."]);
        assert_eq!(numbers(&library.by_keyword("bees", 9)), [0, 1, 2]);
        assert_eq!(numbers(&library.by_vector("bees", 9)), [0, 1, 2]);
    }

    #[test]
    fn unknown_words_lower_the_coverage_most() {
        let library = library(TEXTS);
        assert_eq!(library.coverage("does the queen lay eggs?", 1), 1.0);
        let with_common = library.coverage("queen gathering", 1);
        let with_unknown = library.coverage("queen football", 1);
        assert!(with_unknown < with_common, "{with_unknown} {with_common}");
        assert_eq!(library.coverage("what is it?", 1), 0.0);
        assert_eq!(library.coverage("queen", 99), 0.0);
    }

    #[test]
    fn an_empty_library_finds_nothing() {
        let library = library(&[]);
        assert!(library.is_empty());
        assert!(library.by_keyword("queen", 9).is_empty());
        assert!(library.by_vector("queen", 9).is_empty());
    }
}
