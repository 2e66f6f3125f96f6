//! Splits documents into chunks: pieces small enough to rank, at the borders of their structure.

use text_splitter::MarkdownSplitter;

use crate::corpus::Document;
use crate::parse::{Sentence, parse};

/// The maximum number of characters of the document that a chunk covers.
const CHUNK_CHARS: usize = 800;

/// A piece of a document, as it is indexed and quoted.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// The document's path below the corpus folder.
    pub source: String,
    /// The line that its first sentence begins on, from 1.
    pub line: usize,
    /// Its sentences; never empty.
    pub sentences: Vec<Sentence>,
}

impl Chunk {
    /// Returns the text that is indexed: the headings once each, then the sentences.
    pub fn indexed_text(&self) -> String {
        let mut parts: Vec<_> = self
            .sentences
            .iter()
            .map(|it| it.heading.as_str())
            .collect();
        parts.dedup();
        parts.extend(self.sentences.iter().map(|it| it.text.as_str()));
        parts.join("\n")
    }

    /// Returns the text that a model reads: the sentences alone.
    pub fn text(&self) -> String {
        let sentences: Vec<_> = self.sentences.iter().map(|it| it.text.as_str()).collect();
        sentences.join(" ")
    }
}

/// Returns the chunks of a document, in order; none if it has no sentence.
pub fn chunk(document: &Document) -> Vec<Chunk> {
    let splitter = MarkdownSplitter::new(CHUNK_CHARS);
    let borders: Vec<_> = splitter
        .chunk_indices(&document.text)
        .map(|(at, _)| at)
        .collect();
    let piece = |sentence: &Sentence| borders.partition_point(|&border| border <= sentence.offset);
    let sentences = parse(&document.text);
    let groups = sentences.chunk_by(|one, next| piece(one) == piece(next));
    let chunk = |sentences: &[Sentence]| Chunk {
        source: document.source.clone(),
        line: sentences.first().map_or(1, |it| it.line),
        sentences: sentences.to_vec(),
    };
    groups.map(chunk).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(text: &str) -> Vec<Chunk> {
        chunk(&Document {
            source: "a.md".to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn a_short_document_is_one_chunk_and_one_without_a_sentence_has_none() {
        let chunks_of_three = chunks("# A\n\nOne. Two.\n\n## B\n\nThree.\n");
        assert_eq!(chunks_of_three.len(), 1);
        assert_eq!(
            chunks_of_three[0].indexed_text(),
            "A\nA > B\nOne.\nTwo.\nThree."
        );
        assert_eq!(chunks_of_three[0].text(), "One. Two. Three.");
        assert!(chunks("# A\n\n## B\n").is_empty());
    }

    #[test]
    fn a_long_document_is_split_at_its_headings() {
        let sections =
            (0..5).map(|n| format!("## Part {n}\n\n{}\n\n", "Bees fly far to eat. ".repeat(20)));
        let chunks = chunks(&sections.collect::<String>());
        assert_eq!(chunks.len(), 5);
        assert!(chunks[3].indexed_text().starts_with("Part 3\nBees fly"));
        assert_eq!(chunks[3].line, 15);
    }
}
