//! Cuts documents into chunks: pieces small enough to rank, at the borders that their structure suggests.

use text_splitter::{MarkdownSplitter, TextSplitter};

use crate::corpus::Document;
use crate::parse::{Sentence, parse};

/// How many characters of the document a chunk covers at most.
pub const CHUNK_CHARS: usize = 800;

/// A piece of a document, as it is indexed and quoted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The document's path below the corpus folder.
    pub source: String,
    /// The line its first sentence begins on, from 1.
    pub line: usize,
    /// Its sentences, never empty, never cut.
    pub sentences: Vec<Sentence>,
}

impl Chunk {
    /// The text that is indexed: the headings once each, then the sentences.
    #[must_use]
    pub fn indexed_text(&self) -> String {
        let mut parts: Vec<&str> = Vec::new();
        for sentence in &self.sentences {
            if !parts.contains(&sentence.heading.as_str()) {
                parts.push(&sentence.heading);
            }
        }
        parts.extend(self.sentences.iter().map(|sentence| sentence.text.as_str()));
        parts.join("\n")
    }

    /// The text that is handed to a model: the sentences alone.
    #[must_use]
    pub fn text(&self) -> String {
        let sentences: Vec<_> = self.sentences.iter().map(|s| s.text.as_str()).collect();
        sentences.join(" ")
    }
}

/// The chunks of a document, in order. A document without a sentence has none.
#[must_use]
pub fn chunk(document: &Document) -> Vec<Chunk> {
    let borders = borders(document);
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut current = None;
    for sentence in parse(document) {
        let border = borders.partition_point(|&border| border <= sentence.offset);
        match chunks.last_mut() {
            Some(chunk) if current == Some(border) => chunk.sentences.push(sentence),
            _ => chunks.push(Chunk {
                source: document.source.clone(),
                line: sentence.line,
                sentences: Vec::from([sentence]),
            }),
        }
        current = Some(border);
    }
    chunks
}

/// The bytes at which the splitter begins a new chunk, ascending.
fn borders(document: &Document) -> Vec<usize> {
    let text = &document.text;
    if document.is_markdown() {
        let splitter = MarkdownSplitter::new(CHUNK_CHARS);
        splitter.chunk_indices(text).map(|(at, _)| at).collect()
    } else {
        let splitter = TextSplitter::new(CHUNK_CHARS);
        splitter.chunk_indices(text).map(|(at, _)| at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn document(text: &str) -> Document {
        Document {
            source: "a.md".to_owned(),
            text: text.to_owned(),
        }
    }

    fn long_document(sections: usize) -> String {
        (0..sections)
            .map(|n| format!("## Part {n}\n\n{}\n\n", "Bees fly far to eat. ".repeat(20)))
            .collect()
    }

    #[test]
    fn long_documents_are_cut_at_their_headings() {
        let chunks = chunk(&document(&long_document(5)));
        assert_eq!(chunks.len(), 5);
        assert!(chunks[3].indexed_text().starts_with("Part 3\nBees fly"));
        assert_eq!(chunks[3].line, 15);
    }

    #[test]
    fn a_short_document_is_one_chunk() {
        let chunks = chunk(&document("# A\n\nOne. Two.\n\n## B\n\nThree.\n"));
        assert_eq!(chunks.len(), 1);
        assert_eq!(chunks[0].indexed_text(), "A\nA > B\nOne.\nTwo.\nThree.");
        assert_eq!(chunks[0].text(), "One. Two. Three.");
    }

    #[test]
    fn a_document_of_headings_alone_has_no_chunk() {
        assert!(chunk(&document("# A\n\n## B\n")).is_empty());
    }

    proptest! {
        #[test]
        fn no_sentence_is_lost_or_doubled(paragraphs in prop::collection::vec("([A-Z][a-z ]{1,60}\\. ){1,12}", 0..12)) {
            let document = document(&paragraphs.join("\n\n"));
            let matching: Vec<_> = chunk(&document).into_iter().flat_map(|c| c.sentences).collect();
            prop_assert_eq!(matching, parse(&document));
        }
    }
}
