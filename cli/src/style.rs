//! How wide the output may be, and whether it may be coloured.

use std::io::{IsTerminal as _, Stdout};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style as Ansi};
use terminal_size::{Width, terminal_size_of};

/// The width where the output is no terminal.
pub const DEFAULT_WIDTH: usize = 80;

/// The look of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns that a line may take.
    pub width: usize,
    /// Whether escape sequences for colours are written.
    pub color: bool,
}

impl Style {
    /// Eighty columns, no colours: for a file, a pipe, a test.
    pub const PLAIN: Self = Self {
        width: DEFAULT_WIDTH,
        color: false,
    };

    /// What suits `stdout`: its width, and colours only on a terminal and if `NO_COLOR` is not set.
    #[must_use]
    pub fn of(stdout: &Stdout) -> Self {
        let width = terminal_size_of(stdout).map(|(Width(width), _)| usize::from(width));
        let color =
            stdout.is_terminal() && anstream::AutoStream::choice(stdout) != ColorChoice::Never;
        Self {
            width: width.unwrap_or(DEFAULT_WIDTH),
            color,
        }
    }

    /// `text` in the look of `tone`.
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

/// What a piece of text is, from which its colour follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Ordinary text.
    #[default]
    Plain,
    /// What is there but seldom needed.
    Dim,
    /// A title.
    Strong,
    /// It went well.
    Good,
    /// It was not right: empty, slow, a warning.
    Odd,
    /// It failed.
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
    fn colours_are_written_only_where_they_are_wanted() {
        let colored = Style {
            color: true,
            ..Style::PLAIN
        };
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "x"), "x");
        assert_eq!(colored.paint(Tone::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
        assert_eq!(colored.paint(Tone::Plain, "x"), "x");
    }
}
