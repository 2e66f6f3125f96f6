//! Holds the ingested chunks in memory with their two indexes, one by keyword and one by vector.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use bm25::{Embedder, EmbedderBuilder, Scorer, TokenEmbedder, TokenEmbedding, Tokenizer};

use crate::chunk::Chunk;
use crate::embed::{Embedding, embed};
use crate::spelling::nearest;
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

/// How much more than the rarest word a word counts that occurs nowhere in the library.
const UNKNOWN_WORD_FACTOR: f32 = 1.6;

/// One word of a query.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    stem: String,
    weight: f32,
}

/// A question as one [`Library`] understands it: its words in that library's spelling, weighted by their rarity there.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    terms: Vec<Term>,
}

impl Query {
    /// The keyword index asks only which words occur; the weights are its own.
    fn keywords(&self) -> bm25::Embedding<u64> {
        let tokens = self.terms.iter().map(|term| TokenEmbedding {
            index: u64::embed(&term.stem),
            value: 1.0,
        });
        bm25::Embedding(tokens.collect())
    }
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
        Self {
            chunks: chunks.into_iter().map(Arc::new).collect(),
            chunks_with: count(&stems),
            stems,
            vectors,
            keywords: keyword_index(&texts),
        }
    }

    /// The number of chunks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Returns `true` if the library has no chunk.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// All chunks, in the order of their numbers.
    #[must_use]
    pub fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }

    /// The stems and the vector of a query.
    #[must_use]
    pub fn query(&self, text: &str) -> Query {
        let stems: BTreeSet<_> = content_stems(text).into_iter().collect();
        Query {
            terms: stems.into_iter().map(|stem| self.term(stem)).collect(),
        }
    }

    /// A stem with its weight, in the library's spelling if it has one that is almost the same.
    fn term(&self, stem: String) -> Term {
        let spelled = if self.chunks_with.contains_key(&stem) {
            Some(stem.clone())
        } else {
            nearest(&stem, self.chunks_with.keys())
        };
        match spelled {
            Some(stem) => Term {
                weight: self.rarity(&stem),
                stem,
            },
            None => Term {
                weight: self.rarity(&stem) * UNKNOWN_WORD_FACTOR,
                stem,
            },
        }
    }

    /// The chunks that share a word with the query, best first, by BM25.
    #[must_use]
    pub fn by_keyword(&self, query: &Query, limit: usize) -> Vec<Scored> {
        let found = self.keywords.matches(&query.keywords()).into_iter();
        let found = found.map(|document| Scored {
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

    /// How much of what the query asks for a chunk speaks of, from 0 to 1.
    ///
    /// Every word of the query counts by its rarity in the library, and a word that occurs nowhere counts most: a
    /// question about something that is not in the corpus stays low, however well its small words match.
    #[must_use]
    pub fn coverage(&self, query: &Query, chunk: usize) -> f32 {
        let Some(stems) = self.stems.get(chunk) else {
            return 0.0;
        };
        let asked: f32 = query.terms.iter().map(|term| term.weight).sum();
        let covered = query.terms.iter().filter(|term| stems.contains(&term.stem));
        let covered: f32 = covered.map(|term| term.weight).sum();
        if asked > 0.0 { covered / asked } else { 0.0 }
    }

    /// Returns the weight of a stem: its inverse document frequency plus a constant, so that it is positive in a library of one page too.
    #[must_use]
    pub fn rarity(&self, stem: &str) -> f32 {
        let with = self.chunks_with.get(stem).copied().unwrap_or(0) as f32;
        let without = self.chunks.len() as f32 - with;
        0.5 + (1.0 + (without + 0.5) / (with + 0.5)).ln()
    }
}

fn best(mut found: Vec<Scored>, limit: usize) -> Vec<Scored> {
    found.sort_by(best_first);
    found.truncate(limit);
    found
}

fn keyword_index(texts: &[String]) -> Scorer<usize, u64> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let embedder: Embedder<u64, _> =
        EmbedderBuilder::with_tokenizer_and_fit_to_corpus(Stems, &texts).build();
    let mut scorer = Scorer::new();
    for (chunk, text) in texts.iter().enumerate() {
        scorer.upsert(&chunk, embedder.embed(text));
    }
    scorer
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
        assert_eq!(
            numbers(&library.by_keyword(&library.query("queens"), 9)),
            [1]
        );
        assert_eq!(
            numbers(&library.by_keyword(&library.query("gathering nectar"), 9)),
            [0, 2]
        );
        assert_eq!(
            numbers(&library.by_keyword(&library.query("gathering nectar"), 1)),
            [0]
        );
        assert!(library.by_keyword(&library.query("football"), 9).is_empty());
    }

    #[test]
    fn a_misspelt_word_is_found_both_ways() {
        let library = library(TEXTS);
        assert_eq!(library.by_vector("nectarr", 9)[0].chunk, 0);
        assert_eq!(
            numbers(&library.by_keyword(&library.query("nectarr"), 9)),
            [0]
        );
    }

    #[test]
    fn equal_chunks_come_in_order() {
        let library = library(&["Bees fly.", "Bees fly.", "Bees fly."]);
        assert_eq!(
            numbers(&library.by_keyword(&library.query("bees"), 9)),
            [0, 1, 2]
        );
        assert_eq!(numbers(&library.by_vector("bees", 9)), [0, 1, 2]);
    }

    #[test]
    fn unknown_words_lower_the_coverage_most() {
        let library = library(TEXTS);
        assert_eq!(
            library.coverage(&library.query("does the queen lay eggs?"), 1),
            1.0
        );
        let with_common = library.coverage(&library.query("queen gathering"), 1);
        let with_unknown = library.coverage(&library.query("queen football"), 1);
        assert!(with_unknown < with_common, "{with_unknown} {with_common}");
        assert_eq!(library.coverage(&library.query("what is it?"), 1), 0.0);
        assert_eq!(library.coverage(&library.query("queen"), 99), 0.0);
    }

    #[test]
    fn an_empty_library_finds_nothing() {
        let library = library(&[]);
        assert!(library.is_empty());
        assert!(library.by_keyword(&library.query("queen"), 9).is_empty());
        assert!(library.by_vector("queen", 9).is_empty());
    }
}
