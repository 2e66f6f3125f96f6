//! What is wrong with a configuration: every problem with its place, and the error that lists them all.

use std::fmt;
use std::path::{Path, PathBuf};

use ragspan_core::escape::is_unsafe_to_print;

/// So many problems are kept; of the others only their number.
const MOST: usize = 100;

/// Why a configuration was not loaded.
///
/// Shown, it lists every problem on a line of its own, as `file:line:column: path: what is expected`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file was not read.
    #[error("cannot read {}: check that it exists and may be read", path.display())]
    Unreadable {
        /// The file that was asked for.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file, or the environment, says what cannot be.
    #[error(transparent)]
    Invalid(Problems),
}

impl ConfigError {
    /// The file that was read, or was not to be read.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Unreadable { path, .. } => Some(path),
            Self::Invalid(problems) => problems.file.as_deref(),
        }
    }

    /// Everything that is wrong, in the order of the file; empty where the file was not read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Invalid(problems) => &problems.list,
        }
    }
}

/// All that is wrong with a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    file: Option<PathBuf>,
    list: Vec<Problem>,
    more: usize,
}

impl Problems {
    pub(super) fn add(&mut self, problem: Problem) {
        if self.list.len() < MOST {
            self.list.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// What ended the reading is told, however many problems there are.
    pub(super) fn end_with(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Of this file, in its order.
    pub(super) fn of(mut self, file: Option<PathBuf>) -> Self {
        self.list.sort_by_key(|problem| problem.at);
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
            match problem.at {
                Some(at) => write!(out, "\n  {file}:{}:{}: {problem}", at.line, at.column)?,
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

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    path: String,
    at: Option<Mark>,
    message: String,
}

impl Problem {
    /// Whatever the message quotes, it is safe to show.
    pub(super) fn new(path: impl Into<String>, at: Option<Mark>, message: impl AsRef<str>) -> Self {
        Self {
            path: path.into(),
            at,
            message: message.as_ref().chars().map(safe).collect(),
        }
    }

    /// The keys that lead to it, such as `logging.metrics.port`; empty for the file as a whole, and the name of
    /// a variable where the environment is wrong.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line of the file, from 1.
    #[must_use]
    pub fn line(&self) -> Option<u32> {
        self.at.map(|at| at.line)
    }

    /// The column, from 1.
    #[must_use]
    pub fn column(&self) -> Option<u32> {
        self.at.map(|at| at.column)
    }

    /// What is expected, what was found, and the likely cure.
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

/// A place in the file, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Mark {
    pub(super) const START: Self = Self { line: 1, column: 1 };
}

/// Text of the file as a message may show it: short, and without what a terminal would act on.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = text.chars().take(LONGEST).map(safe).collect();
    if text.chars().nth(LONGEST).is_some() {
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

    fn at(line: u32) -> Option<Mark> {
        Some(Mark { line, column: 3 })
    }

    #[test]
    fn problems_stand_in_the_order_of_the_file_and_each_on_a_line() {
        let mut problems = Problems::default();
        assert!(problems.is_empty());
        problems.add(Problem::new("a.b", at(9), "expected text"));
        problems.add(Problem::new("", at(2), "it is no mapping"));
        problems.add(Problem::new("RAGSPAN_LOG", None, "`loud` is no level"));
        let error = ConfigError::Invalid(problems.of(Some("c.yaml".into())));
        let expected = "the configuration has 3 problems:\n  RAGSPAN_LOG: `loud` is no level\n  \
             c.yaml:2:3: it is no mapping\n  c.yaml:9:3: a.b: expected text";
        assert_eq!(error.to_string(), expected);
        assert_eq!(error.file(), Some(Path::new("c.yaml")));
        assert_eq!(error.problems()[2].line(), Some(9));
        assert_eq!(error.problems()[0].column(), None);
    }

    #[test]
    fn of_very_many_problems_the_number_is_told() {
        let mut problems = Problems::default();
        (0..150).for_each(|line| problems.add(Problem::new("a", at(line), "no")));
        problems.end_with(Problem::new("", at(150), "the end"));
        let text = problems.of(None).to_string();
        assert!(text.contains("the end"), "{text}");
        assert!(
            text.contains("151 problems") && text.ends_with("and 50 more"),
            "{text}"
        );
    }

    #[test]
    fn what_is_shown_of_a_file_is_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[31m\u{202e}b"), "a\u{fffd}[31m\u{fffd}b");
        let problem = Problem::new("a", None, "`\t\u{1b}` is no level");
        assert_eq!(problem.message(), "`\u{fffd}\u{fffd}` is no level");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 41);
    }
}
