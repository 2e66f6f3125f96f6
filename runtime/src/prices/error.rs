//! The errors of loading a table of prices.

use std::io;
use std::path::PathBuf;

/// An error of reading a table of prices.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PricesError {
    /// The file was not read.
    #[error("cannot read {}: check that it exists, may be read, and is text of at most 16 MiB", path.display())]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The text is not JSON.
    #[error("line {line}, column {column}: invalid JSON: {message}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The expected syntax.
        message: String,
    },
    /// The JSON is not a table of prices.
    #[error("{message}")]
    Shape {
        /// The expected content.
        message: String,
    },
    /// An entry of the table is wrong.
    #[error("line {line}: model `{model}`: {message}")]
    Entry {
        /// The line of the model's name, from 1.
        line: usize,
        /// The model.
        model: String,
        /// The expected content.
        message: String,
    },
}

ragspan_core::debug_as_display!(PricesError);

impl PricesError {
    pub(super) fn shape(message: impl Into<String>) -> Self {
        Self::Shape {
            message: message.into(),
        }
    }

    /// Creates the error for the entry of this model in this text.
    pub(super) fn entry(text: &str, model: &str, message: impl Into<String>) -> Self {
        Self::Entry {
            line: line_of(text, model),
            model: model.chars().take(200).collect(),
            message: message.into(),
        }
    }
}

impl From<serde_json::Error> for PricesError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let position = format!(" at line {line} column {column}");
        let message = error.to_string();
        Self::Syntax {
            line,
            column,
            message: message
                .strip_suffix(&position)
                .unwrap_or(&message)
                .to_owned(),
        }
    }
}

/// Returns the line of the name as a key; the first line if it is written in an unusual way.
fn line_of(text: &str, model: &str) -> usize {
    let key = serde_json::Value::from(model).to_string();
    let mut matches = text.match_indices(&key);
    let position = matches.find(|(at, _)| {
        let after = text
            .split_at_checked(at + key.len())
            .map(|(_, after)| after);
        after.is_some_and(|after| after.trim_start().starts_with(':'))
    });
    let before = position
        .and_then(|(at, _)| text.get(..at))
        .unwrap_or_default();
    before.matches('\n').count() + 1
}
