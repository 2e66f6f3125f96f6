//! The width and the colours of the output.

use std::io::{IsTerminal as _, Stdout};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style as Ansi};
use terminal_size::{Width, terminal_size_of};

/// The width if the output is not a terminal and `COLUMNS` is not set.
pub const DEFAULT_WIDTH: usize = 80;
/// The least width that `COLUMNS` can set: tables of fewer columns could not be read.
const MIN_WIDTH: usize = 20;

/// The width and the colours of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// The maximum number of columns of a line.
    pub width: usize,
    /// Enables escape sequences for colours.
    pub color: bool,
}

impl Style {
    /// Eighty columns without colours: for a file, a pipe, a test.
    pub const PLAIN: Self = Self {
        width: DEFAULT_WIDTH,
        color: false,
    };

    /// Returns the width that the variable `COLUMNS` sets, else that of `stdout`, and colours only if `stdout` is a terminal
    /// and `NO_COLOR` is not set.
    #[must_use]
    pub fn of(stdout: &Stdout) -> Self {
        let terminal = || terminal_size_of(stdout).map(|(Width(width), _)| usize::from(width));
        let columns = std::env::var("COLUMNS").ok();
        let width = columns.as_deref().and_then(parse_width).or_else(terminal);
        let color =
            stdout.is_terminal() && anstream::AutoStream::choice(stdout) != ColorChoice::Never;
        Self {
            width: width.unwrap_or(DEFAULT_WIDTH),
            color,
        }
    }

    /// Returns `text` in the colour of `tone`.
    #[must_use]
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let ansi = tone.ansi();
        if self.color && !text.is_empty() && ansi != Ansi::new() {
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
    }
}

/// Parses the value of `COLUMNS`; any other text than a number of columns is ignored.
fn parse_width(text: &str) -> Option<usize> {
    let width: u16 = text.trim().parse().ok()?;
    (width > 0).then(|| usize::from(width).max(MIN_WIDTH))
}

/// The meaning of a piece of text, which determines its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// Text that is seldom needed.
    Dim,
    /// A title.
    Strong,
    /// A success.
    Good,
    /// Something unusual: empty, slow, a warning.
    Odd,
    /// A failure.
    Bad,
}

impl Tone {
    const fn ansi(self) -> Ansi {
        match self {
            Self::Plain => Ansi::new(),
            Self::Dim => Ansi::new().dimmed(),
            Self::Strong => Ansi::new().bold(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Odd => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_is_a_positive_number() {
        for (text, width) in [
            ("120", Some(120)),
            (" 80 ", Some(80)),
            ("1", Some(MIN_WIDTH)),
            ("0", None),
            ("", None),
            ("wide", None),
            ("-1", None),
        ] {
            assert_eq!(parse_width(text), width, "{text}");
        }
    }

    #[test]
    fn colours_are_written_only_if_enabled() {
        let colored = Style {
            color: true,
            ..Style::PLAIN
        };
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "x"), "x");
        assert_eq!(colored.paint(Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(colored.paint(Tone::Plain, "x"), "x");
    }
}
