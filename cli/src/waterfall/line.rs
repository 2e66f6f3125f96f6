//! Builds a line from pieces, never wider than the terminal.

use crate::style::{Style, Tone};
use crate::text::{columns, cut, left, right, wrap};

/// The number of spaces between two columns.
pub(super) const GAP: usize = 2;
/// The indent of every line below the header.
pub(super) const INDENT: &str = "  ";

/// A line under construction.
#[derive(Debug)]
pub(super) struct Line<'s> {
    style: &'s Style,
    text: String,
    used: usize,
    /// Spaces to write before the next piece: a line does not end in spaces.
    pending_spaces: usize,
}

impl<'s> Line<'s> {
    pub(super) const fn new(style: &'s Style) -> Self {
        Self {
            style,
            text: String::new(),
            used: 0,
            pending_spaces: 0,
        }
    }

    pub(super) fn room(&self) -> usize {
        self.style
            .width
            .saturating_sub(self.used + self.pending_spaces)
    }

    pub(super) fn has_room_for(&self, text: &str) -> bool {
        columns(text) <= self.room()
    }

    /// Adds text, which must be safe to print already, and cuts it to the room that is left.
    pub(super) fn push(&mut self, tone: Tone, text: &str) -> &mut Self {
        let text = cut(text, self.room());
        let visible = text.trim_end_matches(' ');
        if !visible.is_empty() {
            self.text.push_str(&" ".repeat(self.pending_spaces));
            self.text.push_str(&self.style.paint(tone, visible));
            self.used += self.pending_spaces + columns(visible);
            self.pending_spaces = 0;
        }
        self.pending_spaces += text.len() - visible.len();
        self
    }

    /// Adds a left-aligned column and the gap after it.
    pub(super) fn left(&mut self, tone: Tone, text: &str, width: usize) -> &mut Self {
        self.push(tone, &left(text, width)).gap()
    }

    /// Adds a right-aligned column and the gap after it.
    pub(super) fn right(&mut self, tone: Tone, text: &str, width: usize) -> &mut Self {
        self.push(tone, &right(text, width)).gap()
    }

    fn gap(&mut self) -> &mut Self {
        self.pending_spaces += GAP;
        self
    }

    /// Returns the line with its newline.
    pub(super) fn end(&self) -> String {
        format!("{}\n", self.text)
    }
}

/// Returns text wrapped to indented lines.
pub(super) fn paragraph(text: &str, tone: Tone, style: &Style) -> String {
    let room = style.width.saturating_sub(INDENT.len()).max(2);
    let line = |line: String| format!("{INDENT}{}\n", style.paint(tone, &line));
    wrap(text, room).into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_without_spaces_and_within_its_width() {
        let style = Style {
            width: 12,
            color: false,
        };
        let mut line = Line::new(&style);
        line.left(Tone::Plain, "ab", 4).right(Tone::Plain, "1", 3);
        assert_eq!(line.end(), "ab      1\n");
        line.push(Tone::Plain, "more");
        assert_eq!(line.end(), "ab      1  …\n", "one column is left");
        let mut line = Line::new(&style);
        line.push(Tone::Plain, "abc")
            .push(Tone::Plain, " defghijklmnop");
        assert_eq!(line.end(), "abc defghij…\n");
    }

    #[test]
    fn colour_does_not_cover_trailing_spaces() {
        let style = Style {
            width: 20,
            color: true,
        };
        let mut line = Line::new(&style);
        line.left(Tone::Bad, "ab", 4).push(Tone::Plain, "c");
        assert_eq!(line.end(), "\u{1b}[31mab\u{1b}[0m    c\n");
    }
}
