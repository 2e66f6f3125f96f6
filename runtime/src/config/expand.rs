//! Expands `${NAME}`, `${NAME:-default}` and `${file:/path}` in a parsed value.
//!
//! The replacement is text: it is neither parsed nor expanded again, so a variable cannot add a key or refer to another
//! variable.

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::problem::shown;

/// The maximum length of an expanded value, and of a file, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// An expanded value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// The variables and files that the value comes from, other than the configuration file.
    pub(super) external: Vec<External>,
}

/// The source of a part of a value, outside of the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum External {
    Variable(String),
    File(PathBuf),
}

/// An error that occurs when a value cannot be expanded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpandError {
    #[error("the variable {0} is not set; set it, or write ${{{0}:-default}}")]
    Missing(String),
    #[error("cannot read {}: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error(
        "`{0}` is not a variable; write ${{NAME}}, ${{NAME:-default}} or ${{file:/path}}, and $${{ for a literal ${{"
    )]
    Malformed(String),
    #[error("the value is longer than 64 KiB")]
    TooLong,
}

impl ExpandError {
    /// Returns true if the environment lacks a variable or a file, while the configuration itself is valid.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Unreadable { .. })
    }
}

/// Replaces the variables and files in `text`. `$${` is a literal `${`.
pub(super) fn expand(text: &str, environment: &dyn Environment) -> Result<Expanded, ExpandError> {
    let mut expanded = Expanded {
        text: String::new(),
        external: vec![],
    };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            expanded.push(before)?;
            expanded.push("${")?;
            rest = after;
            continue;
        }
        expanded.push(before)?;
        let malformed = || ExpandError::Malformed(shown(&format!("${{{after}")));
        let (inside, after) = after.split_once('}').ok_or_else(malformed)?;
        expanded.push_external(inside, environment)?;
        rest = after;
    }
    expanded.push(rest)?;
    Ok(expanded)
}

impl Expanded {
    fn push(&mut self, text: &str) -> Result<(), ExpandError> {
        if self.text.len() + text.len() > MAX_BYTES {
            return Err(ExpandError::TooLong);
        }
        self.text.push_str(text);
        Ok(())
    }

    fn push_external(
        &mut self,
        inside: &str,
        environment: &dyn Environment,
    ) -> Result<(), ExpandError> {
        if let Some(path) = inside.strip_prefix("file:") {
            return self.push_file(Path::new(path), environment);
        }
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if !is_name(name) || default.is_some_and(|default| default.contains("${")) {
            return Err(ExpandError::Malformed(shown(&format!("${{{inside}}}"))));
        }
        // As in a shell, the default of `:-` also replaces an empty variable.
        let value = environment
            .variable(name)
            .filter(|value| default.is_none() || !value.is_empty());
        if let Some(value) = value {
            self.external.push(External::Variable(name.to_owned()));
            return self.push(&value);
        }
        self.push(default.ok_or_else(|| ExpandError::Missing(name.to_owned()))?)
    }

    /// Appends the text of a file without its last line feed, which editors add.
    fn push_file(&mut self, path: &Path, environment: &dyn Environment) -> Result<(), ExpandError> {
        let unreadable = |reason: String| ExpandError::Unreadable {
            path: path.to_owned(),
            reason,
        };
        let bytes = environment
            .read(path, MAX_BYTES + 1)
            .map_err(|error| unreadable(error.to_string()))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| unreadable("it is not UTF-8 text".to_owned()))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        self.external.push(External::File(path.to_owned()));
        self.push(text)
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte == b'_' || byte.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::environment::fake::FakeEnvironment;
    use super::*;

    fn environment() -> FakeEnvironment {
        FakeEnvironment {
            variables: vec![("HOST", "db"), ("EMPTY", ""), ("TRAP", "${HOST}: x")],
            files: vec![
                ("/key", b"s3cret\r\n".to_vec()),
                ("/bytes", vec![0xff]),
                ("/long", vec![b'x'; MAX_BYTES + 9]),
            ],
        }
    }

    fn text(text: &str) -> Result<String, ExpandError> {
        expand(text, &environment()).map(|expanded| expanded.text)
    }

    #[test]
    fn variables_defaults_and_files_are_expanded() {
        for (text_in, expected) in [
            ("postgres://${HOST}/x", "postgres://db/x"),
            ("${HOST}${HOST}", "dbdb"),
            ("${NONE:-a:b}", "a:b"),
            ("${EMPTY:-a}${NONE:-}", "a"),
            ("[${EMPTY}]", "[]"),
            ("${file:/key}", "s3cret"),
            ("$${HOST} $HOST $ {x} 100$", "${HOST} $HOST $ {x} 100$"),
        ] {
            assert_eq!(text(text_in).as_deref(), Ok(expected), "{text_in}");
        }
    }

    #[test]
    fn a_replacement_is_not_expanded_again() {
        assert_eq!(text("${TRAP}").as_deref(), Ok("${HOST}: x"));
    }

    #[test]
    fn the_source_of_each_part_is_recorded() {
        let external = expand("${HOST}${file:/key}${NONE:-x}", &environment())
            .unwrap()
            .external;
        assert_eq!(
            external,
            [
                External::Variable("HOST".into()),
                External::File("/key".into())
            ]
        );
    }

    #[test]
    fn a_missing_variable_or_file_is_an_error_of_the_environment() {
        for missing in ["${NONE}", "${file:/none}", "${file:/bytes}"] {
            assert!(text(missing).unwrap_err().is_missing(), "{missing}");
        }
        let error = text("${NONE}").unwrap_err().to_string();
        assert_eq!(
            error,
            "the variable NONE is not set; set it, or write ${NONE:-default}"
        );
    }

    #[test]
    fn malformed_variables_and_long_values_are_rejected() {
        for malformed in [
            "${",
            "${HOST",
            "${}",
            "${1A}",
            "${A-b}",
            "${A:?b}",
            "${A:-${B}}",
            "${ A }",
        ] {
            assert!(
                matches!(text(malformed), Err(ExpandError::Malformed(_))),
                "{malformed}"
            );
        }
        assert_eq!(text("${file:/long}"), Err(ExpandError::TooLong));
    }

    proptest! {
        #[test]
        fn no_text_causes_a_panic(text in "[$}{:A-C/fil\\-é]{0,60}") {
            let environment = FakeEnvironment { variables: vec![("A", "1"), ("B", "")], files: vec![] };
            if let Ok(expanded) = expand(&text, &environment) {
                let has_any = text.contains("${");
                prop_assert!(has_any || expanded.text == text);
            }
        }

        #[test]
        fn text_without_a_brace_is_unchanged(text in "[^{]{0,60}") {
            let expanded = expand(&text, &environment());
            prop_assert_eq!(expanded, Ok(Expanded { text, external: vec![] }));
        }
    }
}
