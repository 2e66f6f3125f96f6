//! The design's example of spans within one function (`ingest_file`, part 3.2), with ragspan: four blocks below one call, of one trace.
//!
//! | the design writes | here | layer | values |
//! |---|---|---|---|
//! | `@traceable(name="ingestion_pipeline")` | `#[rag_span(operation = "ingestion_pipeline")]` | ingestion | `path`, `chunks` |
//! | `with tracer.span("parsing") as span:` | `span!("parsing", .., async \|span\| { .. })` | ingestion | `source`, `bytes` |
//! | `with tracer.span("chunking") as span:` | `span!("chunking", .., \|\| { .. })` | ingestion | `chunks` |
//! | `with tracer.span("embedding") as span:` | `span!("embedding", .., async \|span\| { .. })` | ingestion | `chunks`, `words` |
//! | `with tracer.span("storage") as span:` | `span!("storage", .., async \|\| { .. })` | data | `chunks` |

use std::path::Path;

use ragspan::{rag_span, span};

use crate::chunk::{Chunk, chunk};
use crate::corpus::{Corpus, CorpusError};
use crate::embed::{Embedding, embed};
use crate::library::Library;

/// Reads one document and makes it searchable.
///
/// # Errors
/// [`CorpusError::Read`] if the document cannot be read.
#[rag_span(
    layer = "ingestion",
    operation = "ingestion_pipeline",
    context(path = %path.display()),
    ok(|library| chunks = library.len())
)]
pub async fn ingest_file(corpus: &Corpus, path: &Path) -> Result<Library, CorpusError> {
    let document = span!("parsing", layer = "ingestion", async |span| {
        let document = corpus.read(path)?;
        span.record("source", document.source.as_str());
        span.metric("bytes", document.text.len());
        Ok::<_, CorpusError>(document)
    })
    .await?;

    let chunks = span!(
        "chunking",
        layer = "ingestion",
        ok(|chunks| chunks = chunks.len()),
        || chunk(&document)
    );

    let embedded = span!(
        "embedding",
        layer = "ingestion",
        kind = "embedding",
        context(chunks = chunks.len()),
        async |span| {
            let mut embedded = Vec::new();
            let mut words = 0;
            for chunk in chunks {
                words += chunk.indexed_text().split_whitespace().count();
                span.metric("words", words);
                embedded.push(embed_chunk(chunk).await);
            }
            embedded
        }
    )
    .await;

    let library = span!(
        "storage",
        layer = "data",
        context(chunks = embedded.len()),
        async || {
            // A real store would be asked over the network here.
            tokio::task::yield_now().await;
            Library::new(embedded)
        }
    )
    .await;
    Ok(library)
}

/// Simulates a request to an embedding service.
async fn embed_chunk(chunk: Chunk) -> (Chunk, Embedding) {
    tokio::task::yield_now().await;
    let embedding = embed(&chunk.indexed_text());
    (chunk, embedding)
}
