//! Orders the spans of a trace as a tree, whatever its records hold: missing parents, cycles, duplicates, any depth.

use std::collections::HashMap;

use super::Span;
use crate::Outcome;

/// The spans of a trace, parents before their children, and siblings by their starts.
///
/// `T` is whatever the caller keeps beside a span or an event, for example its record. Positions in [`Tree::nodes`]
/// identify spans.
///
/// ```
/// use ragspan_core::trace::{Span, Tree};
///
/// let mut root = Span::new("answer");
/// root.span_id = Some("a".into());
/// let mut child = Span::new("search");
/// child.parent_span_id = Some("a".into());
///
/// let tree = Tree::build([(child, ()), (root, ())], []);
/// let depths = tree.nodes().iter().map(|node| (node.span.operation.as_str(), node.depth));
/// assert_eq!(depths.collect::<Vec<_>>(), [("answer", 0), ("search", 1)]);
/// ```
#[derive(Clone, Debug)]
pub struct Tree<T> {
    nodes: Vec<Node<T>>,
    unattached_events: Vec<T>,
    positions: HashMap<String, usize>,
}

/// A span in its tree.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Node<T> {
    /// The span.
    pub span: Span,
    /// The caller's data for the span.
    pub value: T,
    /// The number of spans above it in the tree.
    pub depth: usize,
    /// The position of its parent.
    pub parent: Option<usize>,
    /// The positions of its children, by their starts.
    pub children: Vec<usize>,
    /// True if the span names a parent, but is at the top of the tree: the parent is not recorded, or is below it.
    pub is_orphan: bool,
    /// The events that name this span, in the order in which they were given.
    pub events: Vec<T>,
}

impl<T> Tree<T> {
    /// Builds the tree of `spans`, and attaches `events` to the spans whose ids they name.
    ///
    /// If several spans have one id, the tree keeps the first that has ended. A span whose parent is not among `spans` goes to the
    /// top. A cycle is cut at the span of it that starts first. The build does not recurse, so that a trace may be deep.
    pub fn build(
        spans: impl IntoIterator<Item = (Span, T)>,
        events: impl IntoIterator<Item = (Option<String>, T)>,
    ) -> Self {
        let (spans, values) = distinct(spans);
        let walked = Walk::over(&spans);
        let mut tree = Self {
            positions: HashMap::with_capacity(spans.len()),
            nodes: nodes(spans, values, walked),
            unattached_events: Vec::new(),
        };
        for (position, node) in tree.nodes.iter().enumerate() {
            let id = node.span.span_id.clone();
            tree.positions.extend(id.map(|id| (id, position)));
        }
        for (span_id, event) in events {
            tree.attach(span_id.as_deref(), event);
        }
        tree
    }

    /// Returns the spans, parents before their children.
    #[must_use]
    pub fn nodes(&self) -> &[Node<T>] {
        &self.nodes
    }

    /// Returns the same spans, so that the caller can change what it keeps beside them.
    pub fn nodes_mut(&mut self) -> &mut [Node<T>] {
        &mut self.nodes
    }

    /// Returns the events that name no span of the tree.
    #[must_use]
    pub fn unattached_events(&self) -> &[T] {
        &self.unattached_events
    }

    /// Returns the position of the span with this id.
    #[must_use]
    pub fn find(&self, span_id: &str) -> Option<usize> {
        self.positions.get(span_id).copied()
    }

    /// Returns the position of the root: the first span that names no parent, else the first of all.
    #[must_use]
    pub fn root(&self) -> Option<usize> {
        let without_parent = self.nodes.iter().position(|node| !node.is_orphan);
        without_parent.or((!self.nodes.is_empty()).then_some(0))
    }

    /// Returns the positions of the spans above the span at `position`, the nearest first.
    pub fn ancestors(&self, position: usize) -> impl Iterator<Item = usize> {
        let parent = |position: usize| self.nodes.get(position)?.parent;
        std::iter::successors(parent(position), move |above| parent(*above))
    }

    /// Returns the first start and the last end, in microseconds since the Unix epoch; zeros for an empty tree.
    #[must_use]
    pub fn range_us(&self) -> (i64, i64) {
        let spans = || self.nodes.iter().map(|node| &node.span);
        let start = spans().map(|span| span.start_us).min();
        let end = spans().map(Span::end_us).max();
        (start.unwrap_or(0), end.unwrap_or(0))
    }

    /// Returns the position of the last empty result that came before the end of the span at `position`: it is often the
    /// reason for a failure.
    #[must_use]
    pub fn last_empty_before(&self, position: usize) -> Option<usize> {
        let end_us = self.nodes.get(position)?.span.end_us();
        let empty = self.nodes.iter().enumerate().filter(|(_, node)| {
            node.span.outcome == Some(Outcome::Empty) && node.span.end_us() <= end_us
        });
        let last = empty.max_by_key(|(_, node)| node.span.end_us());
        last.map(|(position, _)| position)
    }

    fn attach(&mut self, span_id: Option<&str>, event: T) {
        match span_id.and_then(|id| self.find(id)) {
            Some(position) => self.nodes[position].events.push(event),
            None => self.unattached_events.push(event),
        }
    }
}

/// Keeps one span for each id: a second span of an id is its start, or a duplicate.
fn distinct<T>(spans: impl IntoIterator<Item = (Span, T)>) -> (Vec<Span>, Vec<T>) {
    let (mut kept, mut values): (Vec<Span>, Vec<T>) = (Vec::new(), Vec::new());
    let mut positions: HashMap<String, usize> = HashMap::new();
    for (span, value) in spans {
        let known = span.span_id.as_ref().and_then(|id| positions.get(id));
        match known.copied() {
            Some(known) if kept[known].duration_us.is_none() => {
                kept[known] = span;
                values[known] = value;
            }
            Some(_) => {}
            None => {
                positions.extend(span.span_id.clone().map(|id| (id, kept.len())));
                kept.push(span);
                values.push(value);
            }
        }
    }
    (kept, values)
}

fn nodes<T>(spans: Vec<Span>, values: Vec<T>, walked: Vec<Step>) -> Vec<Node<T>> {
    let mut parts: Vec<_> = spans.into_iter().zip(values).map(Some).collect();
    let mut nodes: Vec<Node<T>> = Vec::with_capacity(parts.len());
    // The positions of the spans from the top down to the current one.
    let mut path: Vec<usize> = Vec::new();
    for step in walked {
        let Some((span, value)) = parts[step.span].take() else {
            continue;
        };
        path.truncate(step.depth);
        let parent = path.last().copied();
        path.push(nodes.len());
        if let Some(parent) = parent {
            let position = nodes.len();
            nodes[parent].children.push(position);
        }
        nodes.push(Node {
            is_orphan: parent.is_none() && span.parent_span_id.is_some(),
            span,
            value,
            depth: step.depth,
            parent,
            children: Vec::new(),
            events: Vec::new(),
        });
    }
    nodes
}

/// One span of the walk, by its index.
struct Step {
    span: usize,
    depth: usize,
}

/// Visits every span once, parents before their children.
struct Walk {
    children: Vec<Vec<usize>>,
    visited: Vec<bool>,
    steps: Vec<Step>,
}

impl Walk {
    fn over(spans: &[Span]) -> Vec<Step> {
        let parents = parents(spans);
        let mut by_start: Vec<_> = (0..spans.len()).collect();
        by_start.sort_by_key(|span| (spans[*span].start_us, spans[*span].seq));
        let mut walk = Self {
            children: vec![Vec::new(); spans.len()],
            visited: vec![false; spans.len()],
            steps: Vec::with_capacity(spans.len()),
        };
        for span in &by_start {
            if let Some(parent) = parents[*span] {
                walk.children[parent].push(*span);
            }
        }
        let tops = by_start.iter().filter(|span| parents[**span].is_none());
        tops.for_each(|span| walk.descend(*span));
        // The spans that are left are in cycles.
        by_start.iter().for_each(|span| walk.descend(*span));
        walk.steps
    }

    fn descend(&mut self, top: usize) {
        let mut stack = vec![(top, 0)];
        while let Some((span, depth)) = stack.pop() {
            if std::mem::replace(&mut self.visited[span], true) {
                continue;
            }
            self.steps.push(Step { span, depth });
            let children = self.children[span].iter().rev();
            stack.extend(children.map(|child| (*child, depth + 1)));
        }
    }
}

fn parents(spans: &[Span]) -> Vec<Option<usize>> {
    let ids = spans.iter().enumerate();
    let positions: HashMap<&str, usize> = ids
        .filter_map(|(position, span)| Some((span.span_id.as_deref()?, position)))
        .collect();
    spans
        .iter()
        .map(|span| positions.get(span.parent_span_id.as_deref()?).copied())
        .collect()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn span(
        id: &str,
        parent: Option<&str>,
        start_us: i64,
        duration_us: u64,
    ) -> Span {
        Span {
            span_id: Some(id.into()),
            parent_span_id: parent.map(str::to_owned),
            start_us,
            duration_us: Some(duration_us),
            outcome: Some(Outcome::Success),
            ..Span::new(id)
        }
    }

    pub(in super::super) fn tree(spans: &[Span]) -> Tree<()> {
        Tree::build(spans.iter().map(|span| (span.clone(), ())), [])
    }

    fn drawn(spans: &[Span]) -> Vec<String> {
        let line = |node: &Node<()>| {
            let mark = if node.is_orphan { "?" } else { "" };
            format!("{}{mark}{}", node.depth, node.span.operation)
        };
        tree(spans).nodes().iter().map(line).collect()
    }

    #[test]
    fn children_follow_their_parents_by_start() {
        let spans = [
            span("d", Some("b"), 6, 1),
            span("c", Some("a"), 7, 1),
            span("b", Some("a"), 5, 1),
            span("a", None, 0, 9),
        ];
        assert_eq!(drawn(&spans), ["0a", "1b", "2d", "1c"]);
        let tree = tree(&spans);
        assert_eq!(tree.nodes()[0].children, [1, 3]);
        assert_eq!(tree.ancestors(2).collect::<Vec<_>>(), [1, 0]);
        assert_eq!((tree.find("d"), tree.find("x")), (Some(2), None));
        assert_eq!(tree.range_us(), (0, 9));
    }

    #[test]
    fn a_span_without_its_parent_is_at_the_top_and_marked() {
        let spans = [span("b", Some("x"), 0, 1), span("a", None, 1, 1)];
        assert_eq!(drawn(&spans), ["0?b", "0a"]);
        assert_eq!(tree(&spans).root(), Some(1));
        assert_eq!(tree(&spans[..1]).root(), Some(0));
        assert_eq!(tree(&[]).root(), None);
    }

    #[test]
    fn cycles_and_duplicates_are_kept_once() {
        let spans = [
            span("a", Some("b"), 0, 1),
            span("b", Some("a"), 1, 1),
            span("c", Some("c"), 2, 1),
            span("b", Some("a"), 1, 1),
        ];
        assert_eq!(drawn(&spans), ["0?a", "1b", "0?c"]);
    }

    #[test]
    fn the_end_of_a_span_replaces_its_start() {
        let ended = span("a", None, 0, 5);
        let open = Span {
            duration_us: None,
            ..ended.clone()
        };
        for spans in [[open.clone(), ended.clone()], [ended, open]] {
            assert_eq!(tree(&spans).nodes().len(), 1);
            assert_eq!(tree(&spans).range_us(), (0, 5));
        }
    }

    #[test]
    fn a_chain_deeper_than_any_stack_is_ordered() {
        let ids: Vec<_> = (0..10_000).map(|id: usize| id.to_string()).collect();
        let parent = |at: usize| at.checked_sub(1).map(|above| ids[above].as_str());
        let spans: Vec<_> = (0..ids.len())
            .map(|at| span(&ids[at], parent(at), 0, 1))
            .collect();
        let tree = tree(&spans);
        let last = &tree.nodes()[9_999];
        assert_eq!((last.depth, last.parent), (9_999, Some(9_998)));
    }

    #[test]
    fn events_are_attached_to_their_span_or_to_none() {
        let events = [
            (Some("a".to_owned()), 1),
            (Some("x".to_owned()), 2),
            (None, 3),
        ];
        let tree = Tree::build([(span("a", None, 0, 1), 0)], events);
        assert_eq!(tree.nodes()[0].events, [1]);
        assert_eq!(tree.unattached_events(), [2, 3]);
    }

    #[test]
    fn the_last_empty_result_before_a_failure_is_found() {
        let mut spans = [
            span("root", None, 0, 9),
            span("early", Some("root"), 1, 1),
            span("failed", Some("root"), 3, 1),
            span("late", Some("root"), 8, 1),
        ];
        spans[1].outcome = Some(Outcome::Empty);
        spans[3].outcome = Some(Outcome::Empty);
        assert_eq!(tree(&spans).last_empty_before(2), Some(1));
    }

    proptest! {
        #[test]
        fn every_span_is_kept_exactly_once(
            links in prop::collection::vec((0_usize..40, prop::option::of(0_usize..40)), 0..60),
            start in any::<i64>(), duration in any::<u64>(),
        ) {
            let spans: Vec<_> = links
                .iter()
                .map(|(id, parent)| {
                    let parent = parent.map(|parent| parent.to_string());
                    span(&id.to_string(), parent.as_deref(), start, duration)
                })
                .collect();
            let mut ids: Vec<_> = links.iter().map(|(id, _)| id.to_string()).collect();
            ids.sort();
            ids.dedup();
            let tree = tree(&spans);
            let mut kept: Vec<_> =
                tree.nodes().iter().filter_map(|node| node.span.span_id.clone()).collect();
            kept.sort();
            prop_assert_eq!(kept, ids);
            for (position, node) in tree.nodes().iter().enumerate() {
                prop_assert!(node.span.start_us <= node.span.end_us());
                for child in &node.children {
                    prop_assert_eq!(tree.nodes()[*child].parent, Some(position));
                }
                prop_assert!(tree.origin_of(position) < tree.nodes().len());
            }
        }
    }
}
