//! Parses YAML into a tree with the position of every node, in bounded time and memory.
//!
//! The bounds are far above the needs of a configuration: the size of the file, the depth of its nodes, and the number
//! of nodes and bytes after the aliases are expanded.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag, options};

use super::problem::{Position, Problem, Problems, literal, shown};

/// The maximum size of a file.
pub(super) const MAX_BYTES: usize = 1 << 20;
const MAX_NODES: usize = 10_000;
const MAX_DEPTH: usize = 32;

/// A value and its position.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) position: Position,
    pub(super) value: Tree,
    /// The size of the node with all nodes below.
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
    pub(super) position: Position,
    pub(super) value: Node,
}

#[derive(Clone, Copy, Debug, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

impl Node {
    /// Describes the node, to follow "found ".
    pub(super) fn kind(&self) -> String {
        match &self.value {
            Tree::Null => "nothing".to_owned(),
            Tree::Scalar(text) => literal(text),
            Tree::List(_) => "a list".to_owned(),
            Tree::Map(_) => "keys below it".to_owned(),
        }
    }
}

/// Parses the only document of a file, and adds duplicate keys and foreign tags to `problems`.
///
/// # Errors
///
/// When the text is not YAML or exceeds a bound. The text after the error is not parsed.
pub(super) fn read(text: &str, problems: &mut Problems) -> Result<Option<Node>, Problem> {
    if text.len() > MAX_BYTES {
        return Err(too_large());
    }
    let options = options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_comments: false,
    };
    let mut builder = Builder::new(problems);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| invalid_yaml(&error))?;
        builder.take(event, position(&span))?;
    }
    Ok(builder.root)
}

fn position(span: &Span) -> Position {
    Position {
        line: saturated(span.start.line()),
        column: saturated(span.start.col() + 1),
    }
}

fn saturated(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn invalid_yaml(error: &ScanError) -> Problem {
    let position = Position {
        line: saturated(error.marker().line()),
        column: saturated(error.marker().col() + 1),
    };
    let message = format!("invalid YAML: {}", error.info());
    Problem::new("", Some(position), message)
}

/// Returns the problem of a file that exceeds [`MAX_BYTES`].
pub(super) fn too_large() -> Problem {
    exceeded(Position::START, "the file is larger than 1 MiB")
}

fn exceeded(position: Position, limit: &str) -> Problem {
    Problem::new("", Some(position), format!("{limit}; shorten it"))
}

/// A list or a mapping whose end is not parsed yet.
struct Open {
    position: Position,
    anchor: usize,
    tree: Tree,
    /// The key of a mapping whose value comes next. The inner `None` is a key that is not text.
    key: Option<(Option<String>, Position)>,
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

    fn take(&mut self, event: Event<'_>, at: Position) -> Result<(), Problem> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => Err(Problem::new(
                "",
                Some(at),
                "a second document starts here; write a single document",
            )),
            Event::Scalar(text, style, anchor, tag) => {
                self.check_tag(tag.as_deref(), at);
                self.leaf(scalar(text.into_owned(), style), anchor, at)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), at);
                self.begin(Tree::List(vec![]), anchor, at)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.check_tag(tag.as_deref(), at);
                self.begin(Tree::Map(vec![]), anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, at),
            _ => Ok(()),
        }
    }

    /// Rejects a tag outside of YAML's core schema, which would change the meaning of the value.
    fn check_tag(&mut self, tag: Option<&Tag>, at: Position) {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            let tag = shown(&tag.original());
            let message = format!("the tag `{tag}` is not supported; remove it");
            self.problems.add(Problem::new("", Some(at), message));
        }
    }

    fn leaf(&mut self, tree: Tree, anchor: usize, at: Position) -> Result<(), Problem> {
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
                position: at,
                value: tree,
                size,
            },
            anchor,
            at,
        )
    }

    fn begin(&mut self, tree: Tree, anchor: usize, at: Position) -> Result<(), Problem> {
        let size = Size {
            nodes: 1,
            bytes: 0,
            depth: 1,
        };
        self.count(size, at)?;
        self.open.push(Open {
            position: at,
            anchor,
            tree,
            key: None,
            size,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(Open {
            position: at,
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
                position: at,
                value: tree,
                size,
            },
            anchor,
            at,
        )
    }

    /// Adds a copy of the anchored node, and counts it towards the bounds.
    fn alias(&mut self, anchor: usize, at: Position) -> Result<(), Problem> {
        let Some(size) = self.anchors.get(&anchor).map(|node| node.size) else {
            return Err(Problem::new(
                "",
                Some(at),
                "this alias refers to a value that contains it; write the value out",
            ));
        };
        self.count(size, at)?;
        match self.anchors.get(&anchor).cloned() {
            Some(node) => self.attach(node, 0, at),
            None => Ok(()),
        }
    }

    fn count(&mut self, size: Size, at: Position) -> Result<(), Problem> {
        self.nodes = self.nodes.saturating_add(size.nodes);
        self.bytes = self.bytes.saturating_add(size.bytes);
        if self.nodes > MAX_NODES {
            return Err(exceeded(at, "the file has more than 10,000 values"));
        }
        if self.bytes > MAX_BYTES {
            return Err(exceeded(at, "the aliases expand to more than 1 MiB"));
        }
        Ok(())
    }

    /// Returns the path of the current mapping or list.
    fn path(&self) -> String {
        let keys = self
            .open
            .iter()
            .filter_map(|open| open.key.as_ref()?.0.as_deref());
        keys.map(shown).collect::<Vec<_>>().join(".")
    }

    /// Adds a complete node to the enclosing collection. `at` is the position of its use.
    fn attach(&mut self, node: Node, anchor: usize, at: Position) -> Result<(), Problem> {
        if anchor != 0 {
            // The copy that is kept for aliases takes memory too.
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
            return Err(exceeded(
                at,
                "the values are nested more than 32 levels deep",
            ));
        }
        if let Some((at, message)) = open.add(node, at) {
            self.problems
                .add(Problem::new(self.path(), Some(at), message));
        }
        Ok(())
    }
}

impl Open {
    /// Adds a key, a value or an item; returns its problem and the position of the problem, if any.
    fn add(&mut self, node: Node, at: Position) -> Option<(Position, String)> {
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
            return found.map(|found| (at, format!("expected text as the key, found {found}")));
        };
        // A key that is not text was reported already.
        let key = key?;
        if let Some(first) = entries.iter().find(|entry| entry.key == key) {
            let message = format!(
                "duplicate key `{}`, first on line {}; remove one",
                shown(&key),
                first.position.line
            );
            return Some((key_at, message));
        }
        entries.push(Entry {
            key,
            position: key_at,
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

    /// Returns the tree in a short form, and the problems.
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
                        entry.position.line,
                        entry.value.position.column,
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

    fn assert_problem(text: &str, message: &str) {
        let (_, problems) = tree(text);
        assert!(problems.contains(message), "{message} in {problems}");
    }

    #[test]
    fn every_node_has_its_position() {
        let (tree, problems) = tree("a:\n  b: 1\n  c: [x, \"y z\"]\nd: ~\n");
        assert_eq!(tree, "{a@1:3={b@2:6=1 c@3:6=[x y z]} d@4:4=~}");
        assert_eq!(problems, "");
    }

    #[test]
    fn an_empty_file_has_no_node() {
        assert_eq!(tree("").0, "-");
        assert_eq!(tree("# only a comment\n").0, "-");
        assert_eq!(tree("\u{feff}a: b").0, "{a@1:4=b}");
    }

    #[test]
    fn a_duplicate_key_is_reported_with_both_lines_and_the_first_is_used() {
        let (tree, problems) = tree("a: 1\nb: 2\na: 3\n");
        assert_eq!(tree, "{a@1:4=1 b@2:4=2}");
        assert_problem("a: {b: {c: 1, c: 2}}", "yaml:1:15: a.b: duplicate key `c`");
        assert!(
            problems.contains("yaml:3:1: duplicate key `a`, first on line 1"),
            "{problems}"
        );
    }

    #[test]
    fn an_alias_is_replaced_by_its_anchor() {
        assert_eq!(tree("a: &x [1]\nb: *x\n").0, "{a@1:7=[1] b@2:7=[1]}");
        assert_problem("a: &x [*x]", "a value that contains it");
        assert_problem("a: *y", "invalid YAML");
    }

    #[test]
    fn documents_keys_and_tags_that_are_not_supported_are_reported() {
        assert_problem("a: 1\n---\nb: 2\n", "yaml:2:1: a second document");
        assert_problem("[a]: 1", "expected text as the key, found a list");
        assert_problem("a: !secret b", "the tag `!secret`");
        assert_problem("a: [", "invalid YAML");
        assert_eq!(tree("a: !!str 1").1, "");
    }

    #[test]
    fn bounds_are_enforced() {
        let laughs = |start: &str| {
            (1..20).fold(format!("a0: &a0 {start}\n"), |text, level| {
                let below = format!("*a{}", level - 1);
                text + &format!("a{level}: &a{level} [{}]\n", [below.as_str(); 9].join(","))
            })
        };
        assert_problem(&laughs("[x,x,x,x,x,x,x,x,x]"), "more than 10,000 values");
        assert_problem(&laughs(&"x".repeat(100_000)), "more than 1 MiB");
        let chain = (1..100).fold("a0: &a0 x\n".to_owned(), |text, level| {
            text + &format!("a{level}: &a{level} [*a{}]\n", level - 1)
        });
        assert_problem(&chain, "nested more than 32 levels deep");
        assert_problem(&"[".repeat(100_000), "recursion limit");
        assert_problem(&"- ".repeat(100_000), "recursion limit");
        assert_problem(&"- a\n".repeat(100_000), "more than 10,000 values");
        assert_problem(&" ".repeat(MAX_BYTES + 1), "larger than 1 MiB");
    }

    proptest! {
        #[test]
        fn no_text_causes_a_panic_or_exceeds_a_bound(text in "[a-c:\\-\\[\\]{},&*!|>\"'#%@`~ \n\t?.0-9\u{85}\u{feff}é]{0,200}") {
            let mut problems = Problems::default();
            if let Ok(Some(node)) = read(&text, &mut problems) {
                prop_assert!(node.size.depth <= MAX_DEPTH && node.size.nodes <= MAX_NODES);
            }
        }
    }
}
