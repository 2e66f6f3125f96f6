//! Reads Markdown into plain sentences, each with its line and the headings above it.
//!
//! Code blocks are left out: a program is not a statement that an answer could quote.

use std::ops::Range;
use std::sync::LazyLock;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use regex::Regex;

/// The end of a sentence: its mark, closing quotes and brackets, and white space.
static SENTENCE_END: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"[.!?…][.!?…"')\]”’*`]*\s+"#).expect("the pattern is valid"));

/// Abbreviations before whose last full stop no sentence ends.
const ABBREVIATIONS: [&str; 5] = ["cf", "e.g", "etc", "i.e", "vs"];

/// A sentence, or a row of a table, without its markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    pub text: String,
    /// The line that it begins on, from 1.
    pub line: usize,
    /// The byte of the document that it begins at.
    pub offset: usize,
    /// The headings above it, outermost first, joined by ` > `.
    pub heading: String,
}

/// Returns the sentences of a document, in order.
pub fn parse(document: &str) -> Vec<Sentence> {
    let mut reader = Reader::new(document);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    for (event, range) in Parser::new_ext(document, options).into_offset_iter() {
        reader.take(event, range.start);
    }
    reader.end_block();
    reader.sentences
}

/// Collects the text of one block at a time, and splits it into sentences.
#[derive(Default)]
struct Reader {
    line_starts: Vec<usize>,
    headings: Vec<(HeadingLevel, String)>,
    block: String,
    /// Where each piece of the block begins, in the block and in the document.
    pieces: Vec<(usize, usize)>,
    is_muted: bool,
    cells: usize,
    sentences: Vec<Sentence>,
}

impl Reader {
    fn new(document: &str) -> Self {
        let breaks = document.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            line_starts: std::iter::once(0).chain(breaks).collect(),
            ..Self::default()
        }
    }

    fn take(&mut self, event: Event<'_>, offset: usize) {
        match event {
            Event::Start(tag) => self.open(&tag, offset),
            Event::End(tag) => self.close(tag),
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) => {
                self.push(&text, offset)
            }
            Event::SoftBreak | Event::HardBreak => self.push(" ", offset),
            Event::Rule | Event::Html(_) => self.end_block(),
            _ => {}
        }
    }

    fn open(&mut self, tag: &Tag<'_>, offset: usize) {
        match tag {
            Tag::CodeBlock(_) | Tag::MetadataBlock(_) | Tag::TableHead => {
                self.end_block();
                self.is_muted = true;
            }
            Tag::TableCell => self.open_cell(offset),
            tag if is_inline(tag.to_end()) => {}
            _ => self.end_block(),
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.set_heading(level),
            TagEnd::CodeBlock | TagEnd::MetadataBlock(_) => self.is_muted = false,
            TagEnd::TableHead => (self.is_muted, self.cells) = (false, 0),
            TagEnd::TableRow => self.end_row(),
            TagEnd::TableCell => {}
            tag if is_inline(tag) => {}
            _ => self.end_block(),
        }
    }

    /// A row reads as `first: second, third`.
    fn open_cell(&mut self, offset: usize) {
        match self.cells {
            0 => {}
            1 => self.push(": ", offset),
            _ => self.push(", ", offset),
        }
        self.cells += 1;
    }

    fn end_row(&mut self) {
        self.cells = 0;
        let row = 0..self.block.len();
        self.add_sentences(&[row]);
    }

    fn push(&mut self, text: &str, offset: usize) {
        if !self.is_muted {
            self.pieces.push((self.block.len(), offset));
            self.block.push_str(text);
        }
    }

    fn end_block(&mut self) {
        let ranges = sentence_ranges(&self.block);
        self.add_sentences(&ranges);
    }

    fn add_sentences(&mut self, ranges: &[Range<usize>]) {
        let titles = self.headings.iter().map(|(_, title)| title.as_str());
        let heading = titles.collect::<Vec<_>>().join(" > ");
        for range in ranges {
            let text = self.block.get(range.clone()).unwrap_or_default();
            let start = range.start + text.len() - text.trim_start().len();
            if text.trim().is_empty() {
                continue;
            }
            let offset = self.document_offset(start);
            self.sentences.push(Sentence {
                text: text.trim().to_owned(),
                line: self.line_starts.partition_point(|&line| line <= offset),
                offset,
                heading: heading.clone(),
            });
        }
        self.block.clear();
        self.pieces.clear();
    }

    fn set_heading(&mut self, level: HeadingLevel) {
        let text = std::mem::take(&mut self.block);
        self.pieces.clear();
        self.headings.retain(|(above, _)| *above < level);
        self.headings.push((level, text.trim().to_owned()));
    }

    /// Returns the byte of the document that a byte of the block came from.
    fn document_offset(&self, in_block: usize) -> usize {
        let after = self.pieces.partition_point(|(start, _)| *start <= in_block);
        let piece = after.checked_sub(1).and_then(|at| self.pieces.get(at));
        piece.map_or(0, |(start, offset)| offset + (in_block - start))
    }
}

fn is_inline(tag: TagEnd) -> bool {
    use TagEnd::{Emphasis, Image, Link, Strikethrough, Strong};
    matches!(tag, Emphasis | Image | Link | Strikethrough | Strong)
}

/// Returns the byte ranges of the sentences of a text.
fn sentence_ranges(text: &str) -> Vec<Range<usize>> {
    let ends = SENTENCE_END.find_iter(text).filter(|end| {
        let (before, after) = (text.get(..end.start()), text.get(end.end()..));
        let is_abbreviation = ABBREVIATIONS
            .iter()
            .any(|it| before.is_some_and(|text| text.ends_with(it)));
        let continues = after
            .is_some_and(|text| text.starts_with(|c: char| c.is_lowercase() || ",;:)".contains(c)));
        !is_abbreviation && !continues
    });
    let mut ranges = Vec::new();
    let mut start = 0;
    for end in ends.map(|end| end.end()).chain([text.len()]) {
        ranges.push(start..end);
        start = end;
    }
    ranges
}

/// Returns the sentences of plain text.
pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let ranges = sentence_ranges(text).into_iter();
    ranges.filter_map(|range| text.get(range)).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(document: &str) -> Vec<String> {
        parse(document)
            .into_iter()
            .map(|sentence| sentence.text)
            .collect()
    }

    #[test]
    fn a_sentence_has_its_line_and_its_headings() {
        let found = parse("# Hive\n\nBees *fly*. They\nsting.\n\n## Care\n\nDo `this` now.\n");
        let seen: Vec<_> = found
            .iter()
            .map(|it| (it.text.as_str(), it.line, it.heading.as_str()))
            .collect();
        let expected = [
            ("Bees fly.", 3, "Hive"),
            ("They sting.", 3, "Hive"),
            ("Do this now.", 8, "Hive > Care"),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_mark_before_a_capital_ends_a_sentence_and_an_abbreviation_does_not() {
        assert_eq!(
            texts("One is\nhere. Two! \"Three?\" Four."),
            ["One is here.", "Two!", "\"Three?\"", "Four."]
        );
        assert_eq!(
            texts("See e.g. Langstroth at 0.5 km."),
            ["See e.g. Langstroth at 0.5 km."]
        );
    }

    #[test]
    fn code_is_left_out_and_a_row_of_a_table_is_one_sentence() {
        assert_eq!(
            texts("Before.\n\n```text\nWho won?\n```\n\n    indented\n\nAfter.\n"),
            ["Before.", "After."]
        );
        assert_eq!(
            texts("| part | use |\n|---|---|\n| floor | carries it. All. |\n"),
            ["floor: carries it. All."]
        );
        assert_eq!(
            texts("Rules:\n\n- first\n- second\n  - inner\n"),
            ["Rules:", "first", "second", "inner"]
        );
    }
}
