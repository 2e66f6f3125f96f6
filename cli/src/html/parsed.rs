//! Parses a page with a browser's parser, for the tests.

use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// An element without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// The number of enclosing elements.
    pub(super) depth: usize,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn has_class(&self, class: &str) -> bool {
        let classes = self.attribute("class").unwrap_or_default();
        classes.split(' ').any(|known| known == class)
    }
}

/// All elements in their order, all text, and the errors of the parser.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) elements: Vec<Element>,
    pub(super) text: String,
    pub(super) errors: Vec<String>,
}

impl Parsed {
    pub(super) fn of(page: &str) -> Self {
        let RcDom {
            document,
            errors: parse_errors,
            ..
        } = parse_document(RcDom::default(), ParseOpts::default()).one(page);
        let errors = parse_errors
            .borrow()
            .iter()
            .map(ToString::to_string)
            .collect();
        let mut parsed = Self {
            errors,
            ..Self::default()
        };
        let mut stack = vec![(document.clone(), 0)];
        while let Some((node, depth)) = stack.pop() {
            parsed.add(&node, depth);
            let children = node.children.borrow();
            stack.extend(
                children
                    .iter()
                    .rev()
                    .map(|child| (child.clone(), depth + 1)),
            );
        }
        // Dropping a node empties the nodes below it, so the document is dropped last.
        drop(document);
        parsed
    }

    fn add(&mut self, node: &Handle, depth: usize) {
        match &node.data {
            NodeData::Text { contents } => self.text.push_str(&contents.borrow()),
            NodeData::Comment { contents } => self.errors.push(format!("a comment: {contents}")),
            NodeData::Element { name, attrs, .. } => {
                let attributes = attrs.borrow();
                let attributes = attributes.iter().map(|attribute| {
                    (
                        attribute.name.local.to_string(),
                        attribute.value.to_string(),
                    )
                });
                let attributes = attributes.collect();
                self.elements.push(Element {
                    name: name.local.to_string(),
                    attributes,
                    depth,
                });
            }
            _ => {}
        }
    }

    pub(super) fn count(&self, matches: impl Fn(&Element) -> bool) -> usize {
        self.elements
            .iter()
            .filter(|element| matches(element))
            .count()
    }
}
