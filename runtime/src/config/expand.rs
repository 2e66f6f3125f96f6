//! Replaces `${NAME}`, `${NAME:-default}` and `${file:/path}` in a value that was parsed already.
//!
//! What is put in is text: it is neither parsed nor expanded again, so no variable can bring a key or another variable.

use std::path::{Path, PathBuf};

use super::problem::shown;
use super::world::World;

/// A value, or a secret in a file, has at most so many bytes.
const LONGEST: usize = 64 * 1024;

/// A value with everything put in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expanded {
    pub(super) text: String,
    /// Where it came from, beside the file itself.
    pub(super) from: Vec<From>,
}

/// Where a part of a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum From {
    Variable(String),
    File(PathBuf),
}

/// Why a value cannot be known.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExpandError {
    #[error("the variable {0} is not set: set it, or write ${{{0}:-default}}")]
    Missing(String),
    #[error("cannot read {}: {why}", path.display())]
    Unreadable { path: PathBuf, why: String },
    #[error(
        "`{0}` is no variable: write ${{NAME}}, ${{NAME:-default}} or ${{file:/path}}, and $${{ for the text itself"
    )]
    Malformed(String),
    #[error("it is longer than 64 KiB")]
    TooLong,
}

impl ExpandError {
    /// It is the world that lacks something; the file is right.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Unreadable { .. })
    }
}

/// Puts in what is outside of the file. `$${` is `${` itself.
pub(super) fn expand(text: &str, world: &dyn World) -> Result<Expanded, ExpandError> {
    let mut expanded = Expanded {
        text: String::new(),
        from: vec![],
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
        expanded.put_in(inside, world)?;
        rest = after;
    }
    expanded.push(rest)?;
    Ok(expanded)
}

impl Expanded {
    fn push(&mut self, text: &str) -> Result<(), ExpandError> {
        if self.text.len() + text.len() > LONGEST {
            return Err(ExpandError::TooLong);
        }
        self.text.push_str(text);
        Ok(())
    }

    fn put_in(&mut self, inside: &str, world: &dyn World) -> Result<(), ExpandError> {
        if let Some(path) = inside.strip_prefix("file:") {
            return self.put_file(Path::new(path), world);
        }
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        if !is_name(name) || default.is_some_and(|default| default.contains("${")) {
            return Err(ExpandError::Malformed(shown(&format!("${{{inside}}}"))));
        }
        // As in a shell, `:-` also stands in for a variable that is empty.
        let value = world
            .variable(name)
            .filter(|value| default.is_none() || !value.is_empty());
        if let Some(value) = value {
            self.from.push(From::Variable(name.to_owned()));
            return self.push(&value);
        }
        self.push(default.ok_or_else(|| ExpandError::Missing(name.to_owned()))?)
    }

    /// The last line feed belongs to the file, not to the secret.
    fn put_file(&mut self, path: &Path, world: &dyn World) -> Result<(), ExpandError> {
        let unreadable = |why: String| ExpandError::Unreadable {
            path: path.to_owned(),
            why,
        };
        let bytes = world
            .read(path, LONGEST + 1)
            .map_err(|error| unreadable(error.to_string()))?;
        let text =
            std::str::from_utf8(&bytes).map_err(|_| unreadable("it is no text".to_owned()))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        self.from.push(From::File(path.to_owned()));
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

    use super::super::world::fake::Fake;
    use super::*;

    fn world() -> Fake {
        Fake {
            variables: vec![("HOST", "db"), ("EMPTY", ""), ("TRAP", "${HOST}: x")],
            files: vec![
                ("/key", b"s3cret\r\n".to_vec()),
                ("/bytes", vec![0xff]),
                ("/long", vec![b'x'; LONGEST + 9]),
            ],
        }
    }

    fn text(text: &str) -> Result<String, ExpandError> {
        expand(text, &world()).map(|expanded| expanded.text)
    }

    #[test]
    fn variables_defaults_and_files_are_put_in() {
        for (from, to) in [
            ("postgres://${HOST}/x", "postgres://db/x"),
            ("${HOST}${HOST}", "dbdb"),
            ("${NONE:-a:b}", "a:b"),
            ("${EMPTY:-a}${NONE:-}", "a"),
            ("[${EMPTY}]", "[]"),
            ("${file:/key}", "s3cret"),
            ("$${HOST} $HOST $ {x} 100$", "${HOST} $HOST $ {x} 100$"),
        ] {
            assert_eq!(text(from).as_deref(), Ok(to), "{from}");
        }
    }

    #[test]
    fn what_is_put_in_is_never_expanded_again() {
        assert_eq!(text("${TRAP}").as_deref(), Ok("${HOST}: x"));
    }

    #[test]
    fn the_origin_of_each_part_is_kept() {
        let from = expand("${HOST}${file:/key}${NONE:-x}", &world())
            .unwrap()
            .from;
        assert_eq!(
            from,
            [From::Variable("HOST".into()), From::File("/key".into())]
        );
    }

    #[test]
    fn what_is_missing_is_no_fault_of_the_file() {
        for missing in ["${NONE}", "${file:/none}", "${file:/bytes}"] {
            assert!(text(missing).unwrap_err().is_missing(), "{missing}");
        }
        let error = text("${NONE}").unwrap_err().to_string();
        assert_eq!(
            error,
            "the variable NONE is not set: set it, or write ${NONE:-default}"
        );
    }

    #[test]
    fn other_forms_are_refused_and_so_is_too_much() {
        for wrong in [
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
                matches!(text(wrong), Err(ExpandError::Malformed(_))),
                "{wrong}"
            );
        }
        assert_eq!(text("${file:/long}"), Err(ExpandError::TooLong));
    }

    proptest! {
        #[test]
        fn any_text_is_expanded_without_harm(text in "[$}{:A-C/fil\\-é]{0,60}") {
            let world = Fake { variables: vec![("A", "1"), ("B", "")], files: vec![] };
            if let Ok(expanded) = expand(&text, &world) {
                let has_any = text.contains("${");
                prop_assert!(has_any || expanded.text == text);
            }
        }

        #[test]
        fn text_without_a_brace_stays(text in "[^{]{0,60}") {
            let expanded = expand(&text, &world());
            prop_assert_eq!(expanded, Ok(Expanded { text, from: vec![] }));
        }
    }
}
