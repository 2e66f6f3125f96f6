//! A page as a browser's parser sees it, for the tests.

use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, parse_document};
use markup5ever_rcdom::{Handle, NodeData, RcDom};

/// An element, without what is inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    /// How many elements it lies in.
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

/// All elements in their order, all text, and what the parser had to complain of.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) elements: Vec<Element>,
    pub(super) text: String,
    pub(super) complaints: Vec<String>,
}

impl Parsed {
    pub(super) fn of(page: &str) -> Self {
        let RcDom {
            document, errors, ..
        } = parse_document(RcDom::default(), ParseOpts::default()).one(page);
        let complaints = errors.borrow().iter().map(ToString::to_string).collect();
        let mut parsed = Self {
            complaints,
            ..Self::default()
        };
        let mut stack = vec![(document.clone(), 0)];
        while let Some((node, depth)) = stack.pop() {
            parsed.take(&node, depth);
            let children = node.children.borrow();
            stack.extend(
                children
                    .iter()
                    .rev()
                    .map(|child| (child.clone(), depth + 1)),
            );
        }
        // A node that goes empties those below it, so the first stays until here.
        drop(document);
        parsed
    }

    fn take(&mut self, node: &Handle, depth: usize) {
        match &node.data {
            NodeData::Text { contents } => self.text.push_str(&contents.borrow()),
            NodeData::Comment { contents } => {
                self.complaints.push(format!("a comment: {contents}"))
            }
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

    pub(super) fn count(&self, passes: impl Fn(&Element) -> bool) -> usize {
        self.elements
            .iter()
            .filter(|element| passes(element))
            .count()
    }
}
