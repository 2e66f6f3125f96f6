//! Finds the nodes of the known keys in the tree, and tells what is unknown.

use super::keys::{self, KEYS, SECTIONS};
use super::problem::{Mark, Problem, Problems, shown};
use super::spelling::nearest;
use super::yaml::{Entry, Node, Tree};

/// What stands in the file.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// As [`KEYS`]; where the key stands, and its value.
    pub(super) keys: Vec<Option<(Mark, &'a Node)>>,
    /// As [`SECTIONS`].
    pub(super) sections: Vec<Option<Mark>>,
}

impl Found<'_> {
    /// Where the section stands, if it is there.
    pub(super) fn section(&self, path: &str) -> Option<Mark> {
        let index = SECTIONS.iter().position(|section| section.path == path)?;
        self.sections.get(index).copied().flatten()
    }
}

/// Looks through the whole tree.
pub(super) fn find<'a>(root: Option<&'a Node>, problems: &mut Problems) -> Found<'a> {
    let mut found = Found {
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
    found: &'b mut Found<'a>,
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
                    .add(Problem::new(path, Some(node.at), message));
            }
        }
    }

    fn entry(&mut self, section: &str, entry: &'a Entry) {
        let path = join(section, &entry.key);
        if let Some(slot) = keys::index(&path).and_then(|index| self.found.keys.get_mut(index)) {
            *slot = Some((entry.at, &entry.value));
            return;
        }
        if let Some(index) = SECTIONS.iter().position(|section| section.path == path) {
            if let Some(slot) = self.found.sections.get_mut(index) {
                *slot = Some(entry.at);
            }
            self.section(&path, &entry.value);
            return;
        }
        let message = unknown(section, &entry.key);
        let path = join(section, &shown(&entry.key));
        self.problems
            .add(Problem::new(path, Some(entry.at), message));
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

/// Says what was likely meant: a name of this section, the same name elsewhere, or one of these.
fn unknown(section: &str, name: &str) -> String {
    if let Some(near) = nearest(name, keys::names_in(section)) {
        return format!("unknown key; did you mean `{near}`?");
    }
    if name == "<<" {
        return "keys are not merged here: write them out".to_owned();
    }
    if let Some(home) = home(name) {
        return format!("unknown key; did you mean `{home}`? It stands there");
    }
    format!("unknown key; known here are {}", names(section))
}

/// The one path that ends with this name.
fn home(name: &str) -> Option<&'static str> {
    let paths = KEYS.iter().map(|key| key.path);
    let mut paths = paths
        .chain(SECTIONS.iter().map(|section| section.path))
        .filter(|path| keys::last(path) == name);
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
    fn keys_and_sections_are_found_where_they_stand() {
        let mut problems = Problems::default();
        let root = yaml::read(
            "logging:\n  metrics:\n    port: 1\n  spool:\n",
            &mut problems,
        )
        .unwrap();
        let found = find(root.as_ref(), &mut problems);
        let port = keys::index("logging.metrics.port").unwrap();
        assert_eq!(found.keys[port].unwrap().0, Mark { line: 3, column: 5 });
        assert_eq!(found.section("logging.spool").unwrap().line, 4);
        assert!(found.section("logging.alerting").is_none() && problems.is_empty());
    }

    #[test]
    fn an_unknown_key_is_told_with_what_was_likely_meant() {
        for (text, likely) in [
            (
                "loging: {}",
                "yaml:1:1: loging: unknown key; did you mean `logging`?",
            ),
            (
                "logging: {metrics: {prot: 1}}",
                "logging.metrics.prot: unknown key; did you mean `port`?",
            ),
            (
                "service: {name: x}",
                "did you mean `logging.service`? It stands there",
            ),
            (
                "logging: {spool: {colour: 1}}",
                "known here are enabled, path, max_size",
            ),
            ("logging: {<<: 1}", "not merged"),
        ] {
            let problems = problems(text);
            assert!(problems.contains(likely), "{likely} in {problems}");
        }
    }

    #[test]
    fn a_value_in_the_place_of_a_section_is_told() {
        assert!(
            problems("logging: yes").contains("logging: expected the keys strict, prices, service")
        );
        assert!(problems("[a]").contains("expected the keys logging, found a list"));
    }
}
