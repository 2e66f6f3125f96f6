//! Brings a corpus into memory: list, read, chunk, embed, index.

use std::path::Path;

use ragspan::{Context, ErrorType, TraceId, rag_span};

use crate::chunk::{Chunk, chunk};
use crate::corpus::{Corpus, CorpusError, Document};
use crate::embed::{Embedding, embed};
use crate::library::Library;

/// A receiver of progress, document by document.
pub trait Progress {
    /// How many documents there are.
    fn begin(&self, documents: usize);
    /// One more is done.
    fn advance(&self);
    /// All are done.
    fn finish(&self);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _documents: usize) {}
    fn advance(&self) {}
    fn finish(&self) {}
}

/// An error of ingesting a corpus.
#[derive(Debug, thiserror::Error, ErrorType)]
#[non_exhaustive]
pub enum IngestError {
    /// The documents could not be had.
    #[error(transparent)]
    #[error_type(transparent)]
    Corpus(#[from] CorpusError),
    /// The documents hold no sentence, only headings or code.
    #[error("the {0} documents hold no sentence, name a folder of prose with --corpus")]
    Empty(usize),
}

/// The result of ingesting a corpus.
#[derive(Debug)]
pub struct Ingested {
    /// The indexed chunks.
    pub library: Library,
    /// How many documents were read.
    pub documents: usize,
    /// The trace of the ingestion.
    pub trace_id: Option<TraceId>,
}

/// Reads, chunks, embeds and indexes all documents of a corpus.
///
/// # Errors
/// [`IngestError`].
#[rag_span(
    layer = "ingestion",
    context(corpus = %corpus.root().display()),
    ok(|ingested| documents = ingested.documents, chunks = ingested.library.len())
)]
pub fn ingest(corpus: &Corpus, progress: &dyn Progress) -> Result<Ingested, IngestError> {
    let paths = corpus.list()?;
    progress.begin(paths.len());
    let mut embedded = Vec::new();
    for path in &paths {
        embedded.extend(ingest_document(corpus, path)?);
        progress.advance();
    }
    progress.finish();
    if embedded.is_empty() {
        return Err(IngestError::Empty(paths.len()));
    }
    Ok(Ingested {
        library: store(embedded),
        documents: paths.len(),
        trace_id: Context::current().trace_id(),
    })
}

/// One document's chunks with their embeddings.
///
/// # Errors
/// [`IngestError::Corpus`] if the document cannot be read.
#[rag_span(layer = "ingestion", context(path = %path.display()), ok(|chunks| chunks = chunks.len()))]
pub fn ingest_document(
    corpus: &Corpus,
    path: &Path,
) -> Result<Vec<(Chunk, Embedding)>, IngestError> {
    let document = corpus.read(path)?;
    Ok(embed_chunks(chunk_document(&document)))
}

/// Cuts a document into chunks.
#[rag_span(layer = "ingestion", operation = "chunk", context(source = document.source), ok(|chunks| chunks = chunks.len()))]
#[must_use]
pub fn chunk_document(document: &Document) -> Vec<Chunk> {
    chunk(document)
}

/// Embeds chunks.
#[rag_span(layer = "ingestion", operation = "embed", kind = "embedding", context(chunks = chunks.len()))]
#[must_use]
pub fn embed_chunks(chunks: Vec<Chunk>) -> Vec<(Chunk, Embedding)> {
    let with_embedding = |chunk: Chunk| {
        let embedding = embed(&chunk.indexed_text());
        (chunk, embedding)
    };
    chunks.into_iter().map(with_embedding).collect()
}

/// Puts embedded chunks into the indexes.
#[rag_span(layer = "ingestion", context(chunks = embedded.len()))]
#[must_use]
pub fn store(embedded: Vec<(Chunk, Embedding)>) -> Library {
    Library::new(embedded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[derive(Default)]
    struct Log(RefCell<Vec<String>>);

    impl Progress for Log {
        fn begin(&self, documents: usize) {
            self.0.borrow_mut().push(format!("begin {documents}"));
        }
        fn advance(&self) {
            self.0.borrow_mut().push("advance".to_owned());
        }
        fn finish(&self) {
            self.0.borrow_mut().push("finish".to_owned());
        }
    }

    #[test]
    fn a_folder_becomes_a_library_and_its_progress_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.md"), "# A\n\nBees fly.\n").unwrap();
        std::fs::write(dir.path().join("b.txt"), "Bees sting.\n").unwrap();
        let log = Log::default();
        let ingested = ingest(&Corpus::folder(dir.path()).unwrap(), &log).unwrap();
        assert_eq!((ingested.documents, ingested.library.len()), (2, 2));
        assert_eq!(*log.0.borrow(), ["begin 2", "advance", "advance", "finish"]);
    }

    #[test]
    fn documents_without_a_sentence_are_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.md"), "# A\n").unwrap();
        let ingested = ingest(&Corpus::folder(dir.path()).unwrap(), &Silent);
        assert!(matches!(ingested, Err(IngestError::Empty(1))));
    }
}
