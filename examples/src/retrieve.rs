//! Finds the chunks that speak of a question: by keyword and by vector at once, fused, and nothing below a threshold.

use std::sync::Arc;

use ragspan::{Document, ErrorType, rag_span};
use tokio::sync::oneshot;
use tracing::{Instrument, Span};

use crate::chunk::Chunk;
use crate::fuse::fuse;
use crate::library::{Library, Query, Scored};

/// A chunk whose relevance is lower does not speak of the question.
pub const RELEVANCE_THRESHOLD: f32 = 0.35;

/// How many candidates each of the two searches gives.
const CANDIDATES: usize = 24;

/// A chunk that was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The chunk.
    pub chunk: Arc<Chunk>,
    /// How much of the question it speaks of, from the threshold to 1.
    pub relevance: f32,
}

impl Hit {
    /// Returns the recorded part: source and relevance, and not the text.
    fn document(&self) -> Document<'_> {
        let Chunk { source, line, .. } = &*self.chunk;
        Document::new(format!("{source}:{line}"))
            .score(self.relevance)
            .source(source)
    }
}

/// An error of the search. An empty result is not an error.
#[derive(Debug, thiserror::Error, ErrorType)]
#[non_exhaustive]
pub enum RetrievalError {
    /// The question has no word in it.
    #[error("the question is empty, ask something")]
    EmptyQuestion,
    /// The operating system gave no thread.
    #[error("no thread for the vector search, lower the load or raise the limit of threads")]
    NoThread(#[source] std::io::Error),
    /// One of the two searches ended without an answer.
    #[error("the {search} search ended early, report its panic")]
    SearchLost {
        /// Which one.
        search: &'static str,
    },
}

/// The chunks that speak of the question, best first, at most `top_k`; none if nothing does.
///
/// The two searches run at once, the one as a task of the runtime and the other, as a blocking library would force one
/// to, on a thread of its own.
///
/// # Errors
/// [`RetrievalError`].
#[rag_span(
    layer = "retrieval",
    empty,
    context(top_k, searched = library.len()),
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
    let by_vector = vectors_on_a_thread(library, question)?;
    let by_keyword = bm25_in_a_task(library, question);
    let by_keyword = by_keyword
        .await
        .map_err(|_| RetrievalError::SearchLost { search: "keyword" })?;
    let by_vector = by_vector
        .await
        .map_err(|_| RetrievalError::SearchLost { search: "vector" })?;
    let fused = fuse(&[&by_keyword, &by_vector], CANDIDATES);
    Ok(relevant(library, question, &fused, top_k))
}

/// The candidates that share words with the question.
#[rag_span(layer = "retrieval", ok(|found| candidates = found.len()))]
pub async fn bm25(library: &Library, question: &str) -> Vec<Scored> {
    library.by_keyword(&library.query(question), CANDIDATES)
}

/// The candidates whose embedding is near to the question's.
#[rag_span(layer = "retrieval", ok(|found| candidates = found.len()))]
#[must_use]
pub fn vectors(library: &Library, question: &str) -> Vec<Scored> {
    library.by_vector(question, CANDIDATES)
}

fn bm25_in_a_task(library: &Arc<Library>, question: &str) -> tokio::task::JoinHandle<Vec<Scored>> {
    let library = Arc::clone(library);
    let question = question.to_owned();
    // A task does not inherit the span it is spawned in: it is handed over.
    tokio::spawn(async move { bm25(&library, &question).await }.in_current_span())
}

fn vectors_on_a_thread(
    library: &Arc<Library>,
    question: &str,
) -> Result<oneshot::Receiver<Vec<Scored>>, RetrievalError> {
    let library = Arc::clone(library);
    let question = question.to_owned();
    let (give, take) = oneshot::channel();
    // Nor does a thread.
    let span = Span::current();
    std::thread::Builder::new()
        .name("vectors".to_owned())
        .spawn(move || {
            // The receiver may have been dropped meanwhile.
            let _unwanted = give.send(span.in_scope(|| vectors(&library, &question)));
        })
        .map_err(RetrievalError::NoThread)?;
    Ok(take)
}

fn relevant(library: &Library, question: &str, fused: &[Scored], top_k: usize) -> Vec<Hit> {
    let query = library.query(question);
    let mut hits: Vec<_> = fused
        .iter()
        .filter_map(|found| hit(library, &query, found.chunk))
        .filter(|hit| hit.relevance >= RELEVANCE_THRESHOLD)
        .collect();
    hits.truncate(top_k);
    hits
}

fn hit(library: &Library, query: &Query, chunk: usize) -> Option<Hit> {
    let relevance = library.coverage(query, chunk);
    let chunk = Arc::clone(library.chunks().get(chunk)?);
    Some(Hit { chunk, relevance })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::chunk;
    use crate::corpus::Document;
    use crate::embed::embed;

    fn library(texts: &[&str]) -> Arc<Library> {
        let documents = texts.iter().enumerate().map(|(n, text)| Document {
            source: format!("{n}.md"),
            text: (*text).to_owned(),
        });
        let chunks = documents.flat_map(|document| chunk(&document));
        let embedded = chunks.map(|c| (c.clone(), embed(&c.indexed_text())));
        Arc::new(Library::new(embedded.collect()))
    }

    fn bees() -> Arc<Library> {
        library(&[
            "Workers gather nectar.",
            "The queen lays eggs.",
            "Drones gather nothing.",
        ])
    }

    #[tokio::test]
    async fn the_best_chunk_comes_first_and_no_more_than_asked_for() {
        let hits = hybrid_search(&bees(), "Who gathers the nectar?", 1)
            .await
            .unwrap();
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].chunk.source, "0.md");
        assert!(hits[0].relevance > 0.9);
    }

    #[tokio::test]
    async fn a_question_about_something_else_finds_nothing() {
        for question in ["Who won the 1954 world cup?", "what is it?", "???"] {
            let hits = hybrid_search(&bees(), question, 5).await.unwrap();
            assert!(hits.is_empty(), "{question}: {hits:?}");
        }
    }

    #[tokio::test]
    async fn a_blank_question_is_an_error() {
        let found = hybrid_search(&bees(), " \n", 5).await;
        assert!(matches!(found, Err(RetrievalError::EmptyQuestion)));
    }

    #[tokio::test]
    async fn an_empty_library_has_nothing() {
        let hits = hybrid_search(&library(&[]), "queen", 5).await.unwrap();
        assert!(hits.is_empty());
    }
}
