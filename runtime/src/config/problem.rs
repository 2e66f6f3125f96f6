//! The problems of a configuration with their positions, and the error that lists them.

use std::fmt;
use std::path::{Path, PathBuf};

use ragspan_core::escape::is_unsafe_to_print;

use crate::privacy;

/// The number of problems that are kept; further ones are counted.
const MAX_PROBLEMS: usize = 100;

/// An error that occurs when a configuration cannot be loaded.
///
/// Its `Display` form lists every problem on its own line, as `file:line:column: path: problem`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read {}: check that it exists and may be read", path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file, or the environment, is invalid.
    #[error(transparent)]
    Invalid(Problems),
}

ragspan_core::debug_as_display!(ConfigError);

impl ConfigError {
    /// Returns the path of the configuration file.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Unreadable { path, .. } => Some(path),
            Self::Invalid(problems) => problems.file.as_deref(),
        }
    }

    /// Returns all problems, in the order of the file. The list is empty if the file could not be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Invalid(problems) => &problems.list,
        }
    }
}

/// All problems of a configuration.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Problems {
    file: Option<PathBuf>,
    list: Vec<Problem>,
    more: usize,
}

ragspan_core::debug_as_display!(Problems);

impl Problems {
    pub(super) fn add(&mut self, problem: Problem) {
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Adds the problem that ended the parsing, even after [`MAX_PROBLEMS`].
    pub(super) fn add_last(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Sets the file, and sorts the problems by their positions in it.
    pub(super) fn in_file(mut self, file: Option<PathBuf>) -> Self {
        self.list.sort_by_key(|problem| problem.position);
        self.file = file;
        self
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_ref().map(|file| file.display().to_string());
        let file = file.as_deref().unwrap_or("yaml");
        match self.list.len() + self.more {
            1 => write!(out, "the configuration has a problem:")?,
            count => write!(out, "the configuration has {count} problems:")?,
        }
        for problem in &self.list {
            match problem.position {
                Some(Position { line, column }) => {
                    write!(out, "\n  {file}:{line}:{column}: {problem}")?;
                }
                None => write!(out, "\n  {problem}")?,
            }
        }
        if self.more > 0 {
            write!(out, "\n  and {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// A problem of a configuration.
#[derive(Clone, PartialEq, Eq)]
pub struct Problem {
    path: String,
    position: Option<Position>,
    message: String,
}

ragspan_core::debug_as_display!(Problem);

impl Problem {
    /// Creates a problem. Characters of the message that are unsafe to print are replaced.
    pub(super) fn new(
        path: impl Into<String>,
        position: Option<Position>,
        message: impl AsRef<str>,
    ) -> Self {
        Self {
            path: path.into(),
            position,
            message: message.as_ref().chars().map(safe).collect(),
        }
    }

    /// Returns the path of the key, such as `logging.metrics.port`. The path is empty for a problem of the whole file,
    /// and the name of a variable for a problem of the environment.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the line in the file, from 1.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.position.map(|position| position.line)
    }

    /// Returns the column, from 1.
    #[must_use]
    pub fn column(&self) -> Option<u32> {
        self.position.map(|position| position.column)
    }

    /// Returns the problem and its fix.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return out.write_str(&self.message);
        }
        write!(out, "{}: {}", self.path, self.message)
    }
}

/// A position in the file, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Position {
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

/// Quotes a value of the file, unless it looks like a secret that was written into the wrong key.
pub(super) fn literal(text: &str) -> String {
    const MAX_DIGITS: usize = 12;
    // Addresses and times have digits and signs; a longer number may be the number of a card.
    let is_number = !text.contains(char::is_alphabetic)
        && text.matches(|sign: char| sign.is_ascii_digit()).count() <= MAX_DIGITS;
    if privacy::is_like_a_secret(text) && !is_number || privacy::redact(text) != text {
        return ANOTHER.to_owned();
    }
    format!("`{}`", shown(text))
}

/// Stands for a value that is not quoted.
pub(super) const ANOTHER: &str = "another value";

/// Returns text of the file for a message: shortened, redacted, and without characters that are unsafe to print.
pub(super) fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 40;
    let text = privacy::redact(text);
    let mut shown: String = text.chars().take(MAX_CHARS).map(safe).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// Replaces a character that is unsafe to print by U+FFFD.
fn safe(letter: char) -> char {
    if is_unsafe_to_print(letter) {
        '\u{fffd}'
    } else {
        letter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(line: u32) -> Option<Position> {
        Some(Position { line, column: 3 })
    }

    #[test]
    fn problems_are_listed_in_the_order_of_the_file_on_a_line_each() {
        let mut problems = Problems::default();
        assert!(problems.is_empty());
        problems.add(Problem::new("a.b", line(9), "expected text"));
        problems.add(Problem::new("", line(2), "expected a mapping"));
        problems.add(Problem::new("RAGSPAN_LOG", None, "`loud` is not a level"));
        let error = ConfigError::Invalid(problems.in_file(Some("c.yaml".into())));
        let expected = "the configuration has 3 problems:\n  RAGSPAN_LOG: `loud` is not a level\n  \
             c.yaml:2:3: expected a mapping\n  c.yaml:9:3: a.b: expected text";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.file(), Some(Path::new("c.yaml")));
        assert_eq!(error.problems()[2].line(), Some(9));
        assert_eq!(error.problems()[0].column(), None);
    }

    #[test]
    fn further_problems_are_counted() {
        let mut problems = Problems::default();
        (0..150).for_each(|number| problems.add(Problem::new("a", line(number), "no")));
        problems.add_last(Problem::new("", line(150), "the end"));
        let text = problems.in_file(None).to_string();
        assert!(text.contains("the end"), "{text}");
        assert!(
            text.contains("151 problems") && text.ends_with("and 50 more"),
            "{text}"
        );
    }

    #[test]
    fn text_of_the_file_is_shortened_and_safe_to_print() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b"), "a\u{fffd}[31m\u{fffd}b");
        let problem = Problem::new("a", None, "`\t\u{1b}` is not a level");
        assert_eq!(problem.message(), "`\u{fffd}\u{fffd}` is not a level");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 41);
    }
}
