//! Finds the nodes of the known keys in the tree, and reports unknown keys.

use ragspan_core::spelling::nearest;

use super::keys::{self, KEYS, SECTIONS};
use super::problem::{Position, Problem, Problems, shown};
use super::yaml::{Entry, Node, Tree};

/// The keys and sections that the file has.
#[derive(Debug)]
pub(super) struct FoundKeys<'a> {
    /// The position and the value of each key, in the order of [`KEYS`].
    pub(super) keys: Vec<Option<(Position, &'a Node)>>,
    /// The position of each section, in the order of [`SECTIONS`].
    sections: Vec<Option<Position>>,
}

impl FoundKeys<'_> {
    /// Returns the position of the section, if the file has it.
    pub(super) fn section(&self, path: &str) -> Option<Position> {
        let index = keys::section_index(path)?;
        self.sections.get(index).copied().flatten()
    }
}

/// Finds the keys and sections in the tree, and adds unknown ones to the problems.
pub(super) fn find<'a>(root: Option<&'a Node>, problems: &mut Problems) -> FoundKeys<'a> {
    let mut found = FoundKeys {
        keys: vec![None; KEYS.len()],
        sections: vec![None; SECTIONS.len()],
    };
    if let Some(root) = root {
        Walk {
            found: &mut found,
            problems,
        }
        .section("", root);
    }
    found
}

struct Walk<'a, 'b> {
    found: &'b mut FoundKeys<'a>,
    problems: &'b mut Problems,
}

impl<'a> Walk<'a, '_> {
    fn section(&mut self, path: &str, node: &'a Node) {
        match &node.value {
            Tree::Null => {}
            Tree::Map(entries) => entries.iter().for_each(|entry| self.entry(path, entry)),
            Tree::Scalar(_) | Tree::List(_) => {
                let expected = names(path);
                let message = format!("expected the keys {expected}, found {}", node.kind());
                self.problems
                    .add(Problem::new(path, Some(node.position), message));
            }
        }
    }

    fn entry(&mut self, section: &str, entry: &'a Entry) {
        let path = join(section, &entry.key);
        if let Some(slot) = keys::index(&path).and_then(|index| self.found.keys.get_mut(index)) {
            *slot = Some((entry.position, &entry.value));
            return;
        }
        if let Some(index) = keys::section_index(&path) {
            if let Some(slot) = self.found.sections.get_mut(index) {
                *slot = Some(entry.position);
            }
            self.section(&path, &entry.value);
            return;
        }
        let message = unknown_key(section, &entry.key);
        let path = join(section, &shown(&entry.key));
        self.problems
            .add(Problem::new(path, Some(entry.position), message));
    }
}

fn join(section: &str, name: &str) -> String {
    if section.is_empty() {
        name.to_owned()
    } else {
        format!("{section}.{name}")
    }
}

fn names(section: &str) -> String {
    keys::names_in(section).collect::<Vec<_>>().join(", ")
}

/// Returns the message for an unknown key, with a suggestion: a name of this section, or the same name in another
/// section.
fn unknown_key(section: &str, name: &str) -> String {
    if name == "<<" {
        return "merge keys are not supported; write the keys out".to_owned();
    }
    let unknown = format!("unknown key `{}`", shown(name));
    let near = nearest(name, keys::names_in(section)).or_else(|| path_of(name));
    match near {
        Some(near) => format!("{unknown}; did you mean `{near}`?"),
        None => format!("{unknown}; known keys: {}", names(section)),
    }
}

/// Returns the path that ends with this name, if there is exactly one.
fn path_of(name: &str) -> Option<&'static str> {
    let mut paths = keys::paths().filter(|path| path.rsplit('.').next() == Some(name));
    let first = paths.next()?;
    paths.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    fn problems(text: &str) -> String {
        let mut problems = Problems::default();
        let root = yaml::read(text, &mut problems).unwrap();
        find(root.as_ref(), &mut problems);
        problems.to_string()
    }

    #[test]
    fn keys_and_sections_are_found_with_their_positions() {
        let mut problems = Problems::default();
        let root = yaml::read(
            "logging:\n  metrics:\n    port: 1\n  spool:\n",
            &mut problems,
        )
        .unwrap();
        let found = find(root.as_ref(), &mut problems);
        let port = found.keys[keys::METRICS_PORT.index()].unwrap();
        assert_eq!(port.0, Position { line: 3, column: 5 });
        assert_eq!(found.section("logging.spool").unwrap().line, 4);
        assert!(found.section("logging.alerting").is_none() && problems.is_empty());
    }

    #[test]
    fn an_unknown_key_is_rejected_with_a_suggestion() {
        for (text, message) in [
            (
                "loging: {}",
                "yaml:1:1: loging: unknown key `loging`; did you mean `logging`?",
            ),
            (
                "logging: {metrics: {prot: 1}}",
                "logging.metrics.prot: unknown key `prot`; did you mean `port`?",
            ),
            (
                "service: {name: x}",
                "unknown key `service`; did you mean `logging.service`?",
            ),
            (
                "logging: {spool: {colour: 1}}",
                "unknown key `colour`; known keys: enabled, path, max_size",
            ),
            ("logging: {<<: 1}", "merge keys are not supported"),
        ] {
            let problems = problems(text);
            assert!(problems.contains(message), "{message} in {problems}");
        }
    }

    #[test]
    fn a_section_that_is_not_a_mapping_is_rejected() {
        assert!(
            problems("logging: yes").contains("logging: expected the keys strict, prices, service")
        );
        assert!(problems("[a]").contains("expected the keys logging, found a list"));
    }
}
