//! Reads YAML into a tree whose every node knows its place, in bounded time and memory.
//!
//! Every bound is far above what a configuration needs: the size of the file, the depth of its nodes, and the number
//! of nodes and bytes once every alias is replaced by what it stands for.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag, options};

use super::problem::{Mark, Problem, Problems, shown};

/// A file may have so many bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;
const MAX_NODES: usize = 10_000;
const MAX_DEPTH: usize = 32;

/// A value, and where it begins.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Mark,
    pub(super) value: Tree,
    /// With all nodes below.
    size: Size,
}

#[derive(Clone, Debug)]
pub(super) enum Tree {
    Null,
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) at: Mark,
    pub(super) value: Node,
}

#[derive(Clone, Copy, Debug, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

impl Node {
    /// What it is, to follow "found ".
    pub(super) fn kind(&self) -> String {
        match &self.value {
            Tree::Null => "nothing".to_owned(),
            Tree::Scalar(text) => format!("`{}`", shown(text)),
            Tree::List(_) => "a list".to_owned(),
            Tree::Map(_) => "keys below it".to_owned(),
        }
    }
}

/// The tree of the file's one document, if there is any, and the keys that stand twice.
///
/// The error is what is no YAML, or too much of it: nothing after it was read.
pub(super) fn read(text: &str, problems: &mut Problems) -> Result<Option<Node>, Problem> {
    if text.len() > MAX_BYTES {
        return Err(too_much(Mark::START, "it is larger than 1 MiB"));
    }
    let options = options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_comments: false,
    };
    let mut builder = Builder::new(problems);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| no_yaml(&error))?;
        builder.take(event, mark(&span))?;
    }
    Ok(builder.root)
}

fn mark(span: &Span) -> Mark {
    Mark {
        line: small(span.start.line()),
        column: small(span.start.col() + 1),
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn no_yaml(error: &ScanError) -> Problem {
    let at = Mark {
        line: small(error.marker().line()),
        column: small(error.marker().col() + 1),
    };
    Problem::new("", Some(at), format!("this is no YAML: {}", error.info()))
}

fn too_much(at: Mark, what: &str) -> Problem {
    Problem::new(
        "",
        Some(at),
        format!("{what}, which no configuration needs: shorten it"),
    )
}

/// A list or a mapping that is not closed yet.
struct Open {
    at: Mark,
    anchor: usize,
    tree: Tree,
    /// Of a mapping: the key that waits for its value. `None` within is a key that is no text.
    key: Option<(Option<String>, Mark)>,
    size: Size,
}

struct Builder<'a> {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    bytes: usize,
    root: Option<Node>,
    problems: &'a mut Problems,
}

impl<'a> Builder<'a> {
    fn new(problems: &'a mut Problems) -> Self {
        Self {
            open: vec![],
            anchors: HashMap::new(),
            nodes: 0,
            bytes: 0,
            root: None,
            problems,
        }
    }

    fn take(&mut self, event: Event<'_>, at: Mark) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(Problem::new(
                "",
                Some(at),
                "a second document begins here: write all in one",
            )),
            Event::Scalar(text, style, anchor, tag) => {
                self.note_tag(tag.as_deref(), at);
                self.leaf(scalar(text.into_owned(), style), anchor, at)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.note_tag(tag.as_deref(), at);
                self.begin(Tree::List(vec![]), anchor, at)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.note_tag(tag.as_deref(), at);
                self.begin(Tree::Map(vec![]), anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, at),
            _ => Ok(()),
        }
    }

    /// A tag of somebody's own would change what a value means.
    fn note_tag(&mut self, tag: Option<&Tag>, at: Mark) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            let tag = shown(&tag.original());
            let message = format!("the tag `{tag}` means nothing here: remove it");
            self.problems.add(Problem::new("", Some(at), message));
        }
    }

    fn leaf(&mut self, tree: Tree, anchor: usize, at: Mark) -> Result<(), Problem> {
        let bytes = match &tree {
            Tree::Scalar(text) => text.len(),
            _ => 0,
        };
        let size = Size {
            nodes: 1,
            bytes,
            depth: 1,
        };
        self.count(size, at)?;
        self.attach(
            Node {
                at,
                value: tree,
                size,
            },
            anchor,
            at,
        )
    }

    fn begin(&mut self, tree: Tree, anchor: usize, at: Mark) -> Result<(), Problem> {
        let size = Size {
            nodes: 1,
            bytes: 0,
            depth: 1,
        };
        self.count(size, at)?;
        self.open.push(Open {
            at,
            anchor,
            tree,
            key: None,
            size,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(Open {
            at,
            anchor,
            tree,
            size,
            ..
        }) = self.open.pop()
        else {
            return Ok(());
        };
        self.attach(
            Node {
                at,
                value: tree,
                size,
            },
            anchor,
            at,
        )
    }

    /// Puts a copy of what the anchor stands for here, and counts it as if it had been written.
    fn alias(&mut self, anchor: usize, at: Mark) -> Result<(), Problem> {
        let Some(size) = self.anchors.get(&anchor).map(|node| node.size) else {
            return Err(Problem::new(
                "",
                Some(at),
                "this alias stands inside of what it stands for: write it out",
            ));
        };
        self.count(size, at)?;
        match self.anchors.get(&anchor).cloned() {
            Some(node) => self.attach(node, 0, at),
            None => Ok(()),
        }
    }

    fn count(&mut self, size: Size, at: Mark) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(size.nodes);
        self.bytes = self.bytes.saturating_add(size.bytes);
        if self.nodes > MAX_NODES {
            return Err(too_much(at, "there are more than 10,000 values"));
        }
        if self.bytes > MAX_BYTES {
            return Err(too_much(at, "its aliases stand for more than 1 MiB"));
        }
        Ok(())
    }

    /// The keys that lead to what is being read.
    fn path(&self) -> String {
        let keys = self
            .open
            .iter()
            .filter_map(|open| open.key.as_ref()?.0.as_deref());
        keys.map(shown).collect::<Vec<_>>().join(".")
    }

    /// Hands a node that is whole to the collection that it stands in. `at` is where it is used.
    fn attach(&mut self, node: Node, anchor: usize, at: Mark) -> Result<(), Problem> {
        if anchor != 0 {
            // What an anchor keeps takes memory too.
            self.count(
                Size {
                    depth: 0,
                    ..node.size
                },
                at,
            )?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.size.nodes += node.size.nodes;
        open.size.bytes += node.size.bytes;
        open.size.depth = open.size.depth.max(node.size.depth + 1);
        if open.size.depth > MAX_DEPTH {
            return Err(too_much(at, "it is nested more than 32 deep"));
        }
        if let Some((at, message)) = open.put(node, at) {
            self.problems
                .add(Problem::new(self.path(), Some(at), message));
        }
        Ok(())
    }
}

impl Open {
    /// Takes a key, a value or an item; tells what is wrong with it, and where.
    fn put(&mut self, node: Node, at: Mark) -> Option<(Mark, String)> {
        let entries = match &mut self.tree {
            Tree::Map(entries) => entries,
            Tree::List(items) => {
                items.push(node);
                return None;
            }
            Tree::Null | Tree::Scalar(_) => return None,
        };
        let Some((key, key_at)) = self.key.take() else {
            let key = match &node.value {
                Tree::Scalar(key) => Some(key.clone()),
                _ => None,
            };
            let found = key.is_none().then(|| node.kind());
            self.key = Some((key, at));
            return found.map(|found| (at, format!("expected a name as key, found {found}")));
        };
        // A key that is no text has been told.
        let key = key?;
        if let Some(first) = entries.iter().find(|entry| entry.key == key) {
            let message = format!(
                "`{}` stands here again, after line {}: keep one",
                shown(&key),
                first.at.line
            );
            return Some((key_at, message));
        }
        entries.push(Entry {
            key,
            at: key_at,
            value: node,
        });
        None
    }
}

fn scalar(text: String, style: ScalarStyle) -> Tree {
    let plain = style == ScalarStyle::Plain;
    if plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
        Tree::Null
    } else {
        Tree::Scalar(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The tree, short; and the problems.
    fn tree(text: &str) -> (String, String) {
        let mut problems = Problems::default();
        let tree = match read(text, &mut problems) {
            Ok(node) => node.map_or_else(|| "-".to_owned(), |node| short(&node)),
            Err(problem) => {
                problems.add(problem);
                String::new()
            }
        };
        (
            tree,
            if problems.is_empty() {
                String::new()
            } else {
                problems.to_string()
            },
        )
    }

    fn short(node: &Node) -> String {
        match &node.value {
            Tree::Null => "~".to_owned(),
            Tree::Scalar(text) => text.clone(),
            Tree::List(items) => format!(
                "[{}]",
                items.iter().map(short).collect::<Vec<_>>().join(" ")
            ),
            Tree::Map(entries) => {
                let entry = |entry: &Entry| {
                    format!(
                        "{}@{}:{}={}",
                        entry.key,
                        entry.at.line,
                        entry.value.at.column,
                        short(&entry.value)
                    )
                };
                format!(
                    "{{{}}}",
                    entries.iter().map(entry).collect::<Vec<_>>().join(" ")
                )
            }
        }
    }

    fn refused(text: &str, why: &str) {
        let (_, problems) = tree(text);
        assert!(problems.contains(why), "{why} in {problems}");
    }

    #[test]
    fn every_node_knows_its_place() {
        let (tree, problems) = tree("a:\n  b: 1\n  c: [x, \"y z\"]\nd: ~\n");
        assert_eq!(tree, "{a@1:3={b@2:6=1 c@3:6=[x y z]} d@4:4=~}");
        assert_eq!(problems, "");
    }

    #[test]
    fn nothing_is_no_node() {
        assert_eq!(tree("").0, "-");
        assert_eq!(tree("# only a comment\n").0, "-");
        assert_eq!(tree("\u{feff}a: b").0, "{a@1:4=b}");
    }

    #[test]
    fn what_stands_twice_is_told_with_both_places_and_the_first_counts() {
        let (tree, problems) = tree("a: 1\nb: 2\na: 3\n");
        assert_eq!(tree, "{a@1:4=1 b@2:4=2}");
        refused(
            "a: {b: {c: 1, c: 2}}",
            "yaml:1:15: a.b: `c` stands here again",
        );
        assert!(
            problems.contains("yaml:3:1: `a` stands here again, after line 1"),
            "{problems}"
        );
    }

    #[test]
    fn an_alias_is_what_it_stands_for() {
        assert_eq!(tree("a: &x [1]\nb: *x\n").0, "{a@1:7=[1] b@2:7=[1]}");
        refused("a: &x [*x]", "inside of what it stands for");
        refused("a: *y", "no YAML");
    }

    #[test]
    fn what_is_not_one_document_of_names_and_values_is_told() {
        refused("a: 1\n---\nb: 2\n", "yaml:2:1: a second document");
        refused("[a]: 1", "expected a name as key, found a list");
        refused("a: !secret b", "the tag `!secret`");
        refused("a: [", "no YAML");
        assert_eq!(tree("a: !!str 1").1, "");
    }

    #[test]
    fn bombs_are_refused() {
        let laughs = |start: &str| {
            (1..20).fold(format!("a0: &a0 {start}\n"), |text, level| {
                let below = format!("*a{}", level - 1);
                text + &format!("a{level}: &a{level} [{}]\n", [below.as_str(); 9].join(","))
            })
        };
        refused(&laughs("[x,x,x,x,x,x,x,x,x]"), "more than 10,000 values");
        refused(&laughs(&"x".repeat(100_000)), "more than 1 MiB");
        let chain = (1..100).fold("a0: &a0 x\n".to_owned(), |text, level| {
            text + &format!("a{level}: &a{level} [*a{}]\n", level - 1)
        });
        refused(&chain, "nested more than 32 deep");
        refused(&"[".repeat(100_000), "recursion limit");
        refused(&"- ".repeat(100_000), "recursion limit");
        refused(&"- a\n".repeat(100_000), "more than 10,000 values");
        refused(&" ".repeat(MAX_BYTES + 1), "larger than 1 MiB");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "[a-c:\\-\\[\\]{},&*!|>\"'#%@`~ \n\t?.0-9\u{85}\u{feff}é]{0,200}") {
            let mut problems = Problems::default();
            if let Ok(Some(node)) = read(&text, &mut problems) {
                prop_assert!(node.size.depth <= MAX_DEPTH && node.size.nodes <= MAX_NODES);
            }
        }
    }
}
