//! Reads a document into plain sentences, each with its line and the headings above it.
//!
//! Code blocks are left out, because a program or a transcript is not a statement that could support a claim.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::corpus::Document;
use crate::sentences::sentence_ranges;

/// One sentence (or one row of a table) without its markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// The plain text.
    pub text: String,
    /// The line it begins on, from 1.
    pub line: usize,
    /// The byte of the document it begins at.
    pub offset: usize,
    /// The headings above it, outermost first, joined by ` > `.
    pub heading: String,
}

/// The sentences of a document, in order.
#[must_use]
pub fn parse(document: &Document) -> Vec<Sentence> {
    let mut reader = Reader::new(&document.text);
    if document.is_markdown() {
        reader.read_markdown();
    } else {
        reader.read_plain();
    }
    reader.sentences
}

/// A piece of plain text and the bytes of the document that it was made from.
#[derive(Debug, Clone, Copy)]
struct Piece {
    plain: usize,
    start: usize,
    end: usize,
}

/// Gathers the text of one block at a time, then cuts it into sentences.
struct Reader<'a> {
    document: &'a str,
    line_starts: Vec<usize>,
    headings: Vec<(HeadingLevel, String)>,
    block: String,
    pieces: Vec<Piece>,
    muted: bool,
    cells: usize,
    sentences: Vec<Sentence>,
}

impl<'a> Reader<'a> {
    fn new(document: &'a str) -> Self {
        let breaks = document.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            document,
            line_starts: std::iter::once(0).chain(breaks).collect(),
            headings: Vec::new(),
            block: String::new(),
            pieces: Vec::new(),
            muted: false,
            cells: 0,
            sentences: Vec::new(),
        }
    }

    fn read_markdown(&mut self) {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        for (event, range) in Parser::new_ext(self.document, options).into_offset_iter() {
            match event {
                Event::Start(tag) => self.open(&tag),
                Event::End(tag) => self.close(tag),
                Event::Text(text) | Event::Code(text) | Event::InlineMath(text) => {
                    self.push(&text, range.start, range.end);
                }
                Event::SoftBreak | Event::HardBreak => self.push(" ", range.start, range.start),
                Event::Rule | Event::Html(_) => self.end_block(),
                _ => {}
            }
        }
        self.end_block();
    }

    fn open(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::CodeBlock(_) | Tag::MetadataBlock(_) | Tag::TableHead => {
                self.end_block();
                self.muted = true;
            }
            Tag::TableCell => self.open_cell(),
            Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Link { .. }
            | Tag::Image { .. } => {}
            _ => self.end_block(),
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.set_heading(level),
            TagEnd::CodeBlock | TagEnd::MetadataBlock(_) => self.muted = false,
            TagEnd::TableHead => {
                self.muted = false;
                self.cells = 0;
            }
            TagEnd::TableRow => self.end_row(),
            TagEnd::TableCell
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Link
            | TagEnd::Image => {}
            _ => self.end_block(),
        }
    }

    /// A row reads as `first: second, third`.
    fn open_cell(&mut self) {
        let end = self.pieces.last().map_or(0, |piece| piece.end);
        match self.cells {
            0 => {}
            1 => self.push(": ", end, end),
            _ => self.push(", ", end, end),
        }
        self.cells += 1;
    }

    fn end_row(&mut self) {
        self.cells = 0;
        let row = 0..self.block.len();
        self.end_block_as(std::iter::once(row));
    }

    fn push(&mut self, text: &str, start: usize, end: usize) {
        if !self.muted {
            self.pieces.push(Piece {
                plain: self.block.len(),
                start,
                end,
            });
            self.block.push_str(text);
        }
    }

    fn end_block(&mut self) {
        let ranges = sentence_ranges(&self.block);
        self.end_block_as(ranges);
    }

    fn end_block_as(&mut self, ranges: impl IntoIterator<Item = Range<usize>>) {
        let block = std::mem::take(&mut self.block);
        let heading = self.trail();
        for range in ranges {
            let offset = self.offset_of(range.start);
            let text = block.get(range).unwrap_or_default().trim();
            if !text.is_empty() {
                self.sentences.push(Sentence {
                    text: text.to_owned(),
                    line: self.line_of(offset),
                    offset,
                    heading: heading.clone(),
                });
            }
        }
        self.pieces.clear();
    }

    fn set_heading(&mut self, level: HeadingLevel) {
        let text = std::mem::take(&mut self.block);
        self.pieces.clear();
        self.headings.retain(|(above, _)| *above < level);
        self.headings.push((level, text.trim().to_owned()));
    }

    fn trail(&self) -> String {
        let titles: Vec<_> = self
            .headings
            .iter()
            .map(|(_, title)| title.as_str())
            .collect();
        titles.join(" > ")
    }

    /// The byte of the document that the byte `plain` of the block came from.
    fn offset_of(&self, plain: usize) -> usize {
        let piece = self.pieces.iter().rev().find(|piece| piece.plain <= plain);
        piece.map_or(0, |piece| {
            (piece.start + (plain - piece.plain)).min(piece.end)
        })
    }

    fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset)
    }

    /// Plain text: blank lines part the paragraphs, and a short line of its own without a final mark is a heading.
    fn read_plain(&mut self) {
        let mut offset = 0;
        for line in self.document.split_inclusive('\n') {
            let text = line.trim();
            if text.is_empty() {
                self.end_paragraph();
            } else {
                let start = offset + (line.len() - line.trim_start().len());
                if !self.block.is_empty() {
                    self.push(" ", start, start);
                }
                self.push(text, start, start + text.len());
            }
            offset += line.len();
        }
        self.end_paragraph();
    }

    fn end_paragraph(&mut self) {
        let single = self.pieces.len() == 1 && self.block.chars().count() <= 80;
        if single && self.block.ends_with(char::is_alphanumeric) {
            self.set_heading(HeadingLevel::H1);
        } else {
            self.end_block();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(source: &str, text: &str) -> Vec<Sentence> {
        parse(&Document {
            source: source.to_owned(),
            text: text.to_owned(),
        })
    }

    fn texts(sentences: &[Sentence]) -> Vec<&str> {
        sentences.iter().map(|s| s.text.as_str()).collect()
    }

    #[test]
    fn sentences_know_their_line_and_headings() {
        let found = read(
            "a.md",
            "# Hive\n\nBees *fly*. They\nsting.\n\n## Care\n\nDo `this` now.\n",
        );
        assert_eq!(texts(&found), ["Bees fly.", "They sting.", "Do this now."]);
        assert_eq!(found.iter().map(|s| s.line).collect::<Vec<_>>(), [3, 3, 8]);
        assert_eq!(found[1].heading, "Hive");
        assert_eq!(found[2].heading, "Hive > Care");
    }

    #[test]
    fn a_sentence_that_begins_inside_a_paragraph_has_its_own_line() {
        let found = read("a.md", "One is\nhere. Two is\nthere. Three.\n");
        assert_eq!(found.iter().map(|s| s.line).collect::<Vec<_>>(), [1, 2, 3]);
    }

    #[test]
    fn code_is_no_evidence() {
        let found = read(
            "a.md",
            "Before.\n\n```text\nWho won the cup?\n```\n\n    indented\n\nAfter.\n",
        );
        assert_eq!(texts(&found), ["Before.", "After."]);
        assert_eq!(found[1].line, 9);
    }

    #[test]
    fn a_row_of_a_table_is_one_sentence_and_its_head_is_none() {
        let found = read(
            "a.md",
            "| part | use |\n|---|---|\n| floor | carries it. All. |\n",
        );
        assert_eq!(texts(&found), ["floor: carries it. All."]);
        assert_eq!(found[0].line, 3);
    }

    #[test]
    fn every_item_of_a_list_stands_for_itself() {
        let found = read("a.md", "Rules:\n\n- first\n- second\n  - inner\n");
        assert_eq!(texts(&found), ["Rules:", "first", "second", "inner"]);
        assert_eq!(found[3].line, 5);
    }

    #[test]
    fn plain_text_has_headings_too() {
        let found = read("a.txt", "Rearing queens\n\nAn egg. A larva\ngrows.\r\n");
        assert_eq!(texts(&found), ["An egg.", "A larva grows."]);
        assert_eq!(found[1].heading, "Rearing queens");
        assert_eq!(found[1].line, 3);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_offsets_stay_inside_it(
            text in "([#>*|`\\-\\[\\](): \n&;~_!0-9a-zA-Zéß.]|```\n|\\| a \\| b \\|\n|---\n){0,80}",
            source in "a\\.(md|txt)",
        ) {
            let lines = text.matches('\n').count() + 1;
            for sentence in read(&source, &text) {
                prop_assert!(sentence.offset <= text.len());
                prop_assert!((1..=lines).contains(&sentence.line));
                prop_assert!(!sentence.text.trim().is_empty());
            }
        }

        #[test]
        fn sentences_of_plain_words_are_found_where_they_stand(words in prop::collection::vec("[A-Z][a-z]{2,7}", 1..6)) {
            let text: String = words.iter().map(|word| format!("{word} is here.\n\n")).collect();
            for (index, sentence) in read("a.md", &text).iter().enumerate() {
                prop_assert_eq!(sentence.line, index * 2 + 1);
                prop_assert!(text.get(sentence.offset..).unwrap().starts_with(&sentence.text));
            }
        }
    }
}
