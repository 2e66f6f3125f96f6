//! Reads a corpus into memory: list, read, chunk, embed, index.

use std::path::Path;

use indicatif::ProgressBar;
use ragspan::{ErrorType, TraceId, rag_span};

use crate::chunk::{Chunk, chunk};
use crate::corpus::{Corpus, CorpusError, Document};
use crate::embed::{Embedding, embed};
use crate::library::Library;

#[derive(Debug, thiserror::Error, ErrorType)]
pub enum IngestError {
    #[error(transparent)]
    #[error_type(transparent)]
    Corpus(#[from] CorpusError),
    #[error("the {0} documents contain no sentence, name a folder of prose with --corpus")]
    Empty(usize),
}

/// The result of ingesting a corpus.
pub struct Ingested {
    pub library: Library,
    /// The number of documents.
    pub documents: usize,
    /// The trace of the ingestion.
    pub trace_id: Option<TraceId>,
}

/// Reads, chunks, embeds and indexes all documents of a corpus.
#[rag_span(
    layer = "ingestion",
    context(corpus = %corpus.root().display()),
    ok(|ingested| documents = ingested.documents, chunks = ingested.library.chunks().len())
)]
pub fn ingest(corpus: &Corpus, progress: &ProgressBar) -> Result<Ingested, IngestError> {
    let paths = corpus.list()?;
    progress.set_length(paths.len() as u64);
    let mut embedded = Vec::new();
    for path in &paths {
        embedded.extend(ingest_document(corpus, path)?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    if embedded.is_empty() {
        return Err(IngestError::Empty(paths.len()));
    }
    Ok(Ingested {
        library: store(embedded),
        documents: paths.len(),
        trace_id: ragspan::trace_id(),
    })
}

#[rag_span(layer = "ingestion", context(path = %path.display()), ok(|chunks| chunks = chunks.len()))]
fn ingest_document(corpus: &Corpus, path: &Path) -> Result<Vec<(Chunk, Embedding)>, CorpusError> {
    let document = corpus.read(path)?;
    Ok(embed_chunks(chunk_document(&document)))
}

#[rag_span(
    layer = "ingestion",
    operation = "chunk",
    context(source = document.source),
    ok(|chunks| chunks = chunks.len())
)]
fn chunk_document(document: &Document) -> Vec<Chunk> {
    chunk(document)
}

#[rag_span(layer = "ingestion", operation = "embed", kind = "embedding", context(chunks = chunks.len()))]
fn embed_chunks(chunks: Vec<Chunk>) -> Vec<(Chunk, Embedding)> {
    let with_embedding = |chunk: Chunk| {
        let embedding = embed(&chunk.indexed_text());
        (chunk, embedding)
    };
    chunks.into_iter().map(with_embedding).collect()
}

#[rag_span(layer = "ingestion", context(chunks = embedded.len()))]
fn store(embedded: Vec<(Chunk, Embedding)>) -> Library {
    Library::new(embedded)
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Returns a library of these pages, `0.md`, `1.md`, ..
    pub fn library(pages: &[&str]) -> Library {
        let pages = pages.iter().enumerate().map(|(number, text)| Document {
            source: format!("{number}.md"),
            text: (*text).to_owned(),
        });
        let chunks = pages.flat_map(|page| chunk_document(&page)).collect();
        store(embed_chunks(chunks))
    }

    #[test]
    fn a_folder_becomes_a_library_and_its_progress_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.md"), "# A\n\nBees fly.\n").unwrap();
        std::fs::write(folder.path().join("b.txt"), "Bees sting.\n").unwrap();
        let progress = ProgressBar::hidden();
        let ingested = ingest(&Corpus::folder(folder.path()).unwrap(), &progress).unwrap();
        assert_eq!(
            (ingested.documents, ingested.library.chunks().len()),
            (2, 2)
        );
        assert_eq!((progress.position(), progress.is_finished()), (2, true));
    }

    #[test]
    fn documents_without_a_sentence_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.md"), "# A\n").unwrap();
        let ingested = ingest(
            &Corpus::folder(folder.path()).unwrap(),
            &ProgressBar::hidden(),
        );
        assert!(matches!(ingested, Err(IngestError::Empty(1))));
    }
}
