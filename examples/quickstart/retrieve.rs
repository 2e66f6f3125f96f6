//! Finds the chunks that answer a question: by keyword and by vector at once, fused, without those below a threshold.

use std::collections::BTreeMap;
use std::sync::Arc;

use ragspan::{Document, ErrorType, rag_span};
use tokio::task::JoinError;

use crate::chunk::Chunk;
use crate::library::{Library, Scored, best_first};

/// The least relevance of a hit.
const RELEVANCE_THRESHOLD: f32 = 0.35;

/// The maximum number of candidates of each of the two searches.
const CANDIDATES: usize = 24;

/// How slowly the weight of a rank falls; 60 is the customary value.
const RANK_OFFSET: f32 = 60.0;

/// A chunk that was found.
#[derive(Debug, Clone)]
pub struct Hit {
    pub chunk: Arc<Chunk>,
    /// The share of the question's words in it, from the threshold to 1.
    pub relevance: f32,
}

impl Hit {
    /// Returns what is recorded of it: source and relevance, and not the text.
    fn document(&self) -> Document<'_> {
        let Chunk { source, line, .. } = &*self.chunk;
        Document::new(format!("{source}:{line}"))
            .score(self.relevance)
            .source(source)
    }
}

/// An error of the search. An empty result is not an error.
#[derive(Debug, thiserror::Error, ErrorType)]
pub enum RetrievalError {
    #[error("the question is empty, ask something")]
    EmptyQuestion,
    #[error("a search ended early, report its panic")]
    SearchLost(#[from] JoinError),
}

/// Returns the chunks that answer the question, best first, at most `top_k`; none if nothing does.
///
/// The two searches run at once, one as a task and one on a thread. `tokio::spawn` and `tokio::task::spawn_blocking`
/// would lose the request's trace; those of `ragspan::task` keep it.
#[rag_span(
    layer = "retrieval",
    empty,
    context(top_k, searched = library.chunks().len()),
    documents = |hits| hits.iter().map(Hit::document)
)]
pub async fn hybrid_search(
    library: &Arc<Library>,
    question: &str,
    top_k: usize,
) -> Result<Vec<Hit>, RetrievalError> {
    if question.trim().is_empty() {
        return Err(RetrievalError::EmptyQuestion);
    }
    let (on_thread, asked) = (Arc::clone(library), question.to_owned());
    let by_vector = ragspan::task::spawn_blocking(move || vectors(&on_thread, &asked));
    let (in_task, asked) = (Arc::clone(library), question.to_owned());
    let by_keyword = ragspan::task::spawn(async move { bm25(&in_task, &asked).await });
    let (by_keyword, by_vector) = tokio::try_join!(by_keyword, by_vector)?;
    let fused = fuse(&[&by_keyword, &by_vector]).into_iter();
    let hits = fused.filter_map(|found| hit(library, question, found.chunk));
    Ok(hits.take(top_k).collect())
}

#[rag_span(layer = "retrieval", ok(|found| candidates = found.len()))]
async fn bm25(library: &Library, question: &str) -> Vec<Scored> {
    library.by_keyword(question, CANDIDATES)
}

#[rag_span(layer = "retrieval", ok(|found| candidates = found.len()))]
fn vectors(library: &Library, question: &str) -> Vec<Scored> {
    library.by_vector(question, CANDIDATES)
}

/// Fuses rankings by reciprocal rank: a chunk scores `1 / (60 + rank)` in each ranking that contains it.
///
/// Only ranks count, so the scores of the rankings need not be comparable.
#[rag_span(layer = "retrieval", kind = "rerank", ok(|fused| candidates = fused.len()))]
fn fuse(rankings: &[&[Scored]]) -> Vec<Scored> {
    let mut scores: BTreeMap<usize, f32> = BTreeMap::new();
    for ranking in rankings {
        for (index, found) in ranking.iter().enumerate() {
            *scores.entry(found.chunk).or_default() += 1.0 / (RANK_OFFSET + index as f32 + 1.0);
        }
    }
    let scored = scores
        .into_iter()
        .map(|(chunk, score)| Scored { chunk, score });
    let mut fused: Vec<_> = scored.collect();
    fused.sort_by(best_first);
    fused.truncate(CANDIDATES);
    fused
}

fn hit(library: &Library, question: &str, chunk: usize) -> Option<Hit> {
    let relevance = library.coverage(question, chunk);
    let chunk = Arc::clone(library.chunks().get(chunk)?);
    (relevance >= RELEVANCE_THRESHOLD).then_some(Hit { chunk, relevance })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::corpus::Corpus;
    use crate::ingest::ingest;

    /// Questions, and the page of the handbook that answers each.
    const KNOWN: [(&str, &str); 4] = [
        ("How many eggs does a queen lay in a day?", "the-colony.md"),
        ("Which acid reaches the mites under the caps?", "varroa.md"),
        ("How much water may ripe honey contain?", "honey-harvest.md"),
        ("When does a new queen emerge?", "queen-rearing.md"),
    ];

    /// Questions that the handbook does not answer, although it contains some of their words.
    const UNKNOWN: [&str; 4] = [
        "who won the 1954 world cup?",
        "How do I renew a passport?",
        "Which queen of England reigned longest?",
        "what is it?",
    ];

    fn handbook() -> Arc<Library> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("quickstart/corpus");
        let corpus = Corpus::folder(folder).unwrap();
        Arc::new(
            ingest(&corpus, &indicatif::ProgressBar::hidden())
                .unwrap()
                .library,
        )
    }

    #[tokio::test]
    async fn a_question_finds_its_page_among_the_first_three() {
        let library = handbook();
        for (question, page) in KNOWN {
            let hits = hybrid_search(&library, question, 3).await.unwrap();
            let found: Vec<_> = hits.iter().map(|hit| hit.chunk.source.as_str()).collect();
            assert!(
                found.len() <= 3 && found.contains(&page),
                "{question}: {found:?}"
            );
        }
    }

    #[tokio::test]
    async fn a_question_about_another_subject_finds_nothing() {
        let library = handbook();
        for question in UNKNOWN {
            let hits = hybrid_search(&library, question, 3).await.unwrap();
            assert!(hits.is_empty(), "{question}: {hits:?}");
        }
    }

    #[tokio::test]
    async fn a_blank_question_is_an_error() {
        let found = hybrid_search(&handbook(), " \n", 5).await;
        assert!(matches!(found, Err(RetrievalError::EmptyQuestion)));
    }

    #[test]
    fn a_chunk_in_both_rankings_comes_first() {
        let ranking = |chunks: [usize; 3]| chunks.map(|chunk| Scored { chunk, score: 1.0 });
        let fused = fuse(&[&ranking([1, 2, 3]), &ranking([4, 3, 5])]);
        assert_eq!(
            fused.iter().map(|it| it.chunk).collect::<Vec<_>>(),
            [3, 1, 4, 2, 5]
        );
    }
}
