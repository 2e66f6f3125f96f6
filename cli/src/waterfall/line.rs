//! A line that is put together from pieces and never grows wider than the terminal.

use crate::style::{Style, Tone};
use crate::text::{columns, cut, left, right};

/// Between two columns.
pub(super) const GAP: usize = 2;

/// A line under construction.
#[derive(Debug)]
pub(super) struct Line<'s> {
    style: &'s Style,
    text: String,
    used: usize,
    /// Spaces that are owed: written only if something follows them.
    owed: usize,
}

impl<'s> Line<'s> {
    pub(super) const fn new(style: &'s Style) -> Self {
        Self {
            style,
            text: String::new(),
            used: 0,
            owed: 0,
        }
    }

    pub(super) fn room(&self) -> usize {
        self.style.width.saturating_sub(self.used + self.owed)
    }

    pub(super) fn has_room_for(&self, text: &str) -> bool {
        columns(text) <= self.room()
    }

    /// Adds text that must already be safe; what does not fit is cut.
    pub(super) fn push(&mut self, tone: Tone, text: &str) -> &mut Self {
        let text = cut(text, self.room());
        let words = text.trim_end_matches(' ');
        if !words.is_empty() {
            self.text.push_str(&" ".repeat(self.owed));
            self.text.push_str(&self.style.paint(tone, words));
            self.used += self.owed + columns(words);
            self.owed = 0;
        }
        self.owed += text.len() - words.len();
        self
    }

    /// Adds a column of text, and the gap after it.
    pub(super) fn left(&mut self, tone: Tone, text: &str, width: usize) -> &mut Self {
        self.push(tone, &left(text, width)).gap()
    }

    /// Adds a column of numbers, and the gap after it.
    pub(super) fn right(&mut self, tone: Tone, text: &str, width: usize) -> &mut Self {
        self.push(tone, &right(text, width)).gap()
    }

    fn gap(&mut self) -> &mut Self {
        self.owed += GAP;
        self
    }

    /// The line, ended.
    pub(super) fn end(&self) -> String {
        format!("{}\n", self.text)
    }
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
    fn colour_wraps_words_and_not_the_spaces_after_them() {
        let style = Style {
            width: 20,
            color: true,
        };
        let mut line = Line::new(&style);
        line.left(Tone::Bad, "ab", 4).push(Tone::Plain, "c");
        assert_eq!(line.end(), "\u{1b}[31mab\u{1b}[0m    c\n");
    }
}
