//! Orders the spans of a trace as a tree, whatever the records hold: missing parents, cycles,
//! duplicates, any depth.

use std::collections::HashMap;

use ragspan_store::StoredRecord;

use crate::facts::{Facts, Outcome};

/// A span in its place.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) row: &'a StoredRecord,
    pub(crate) facts: Facts,
    pub(crate) start_us: i64,
    pub(crate) end_us: i64,
    pub(crate) depth: usize,
    /// It names a parent that it does not hang under.
    pub(crate) orphan: bool,
    pub(crate) events: Vec<&'a StoredRecord>,
}

/// A trace: its spans, parents before children, and what belongs to none of them.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    pub(crate) loose_events: Vec<&'a StoredRecord>,
}

/// Who hangs under whom, by places in `Tree::nodes`.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) parents: Vec<Option<usize>>,
    pub(crate) children: Vec<Vec<usize>>,
}

impl<'a> Tree<'a> {
    pub(crate) fn of(rows: &'a [StoredRecord]) -> Self {
        let spans = spans(rows);
        let places = walk(&spans);
        let mut nodes: Vec<_> = places.into_iter().map(|place| place.node(&spans)).collect();
        Facts::forget_shared(
            &mut nodes
                .iter_mut()
                .map(|node| &mut node.facts)
                .collect::<Vec<_>>(),
        );
        let loose_events = attach(rows, &mut nodes);
        Self {
            nodes,
            loose_events,
        }
    }

    /// The span to name the trace by: the first that has no parent, else the first of all.
    pub(crate) fn root(&self) -> Option<&Node<'a>> {
        self.nodes.get(self.root_place()?)
    }

    pub(crate) fn root_place(&self) -> Option<usize> {
        let own = self.nodes.iter().position(|node| !node.orphan);
        own.or((!self.nodes.is_empty()).then_some(0))
    }

    /// Of each node the place of its parent, and of its children in the order of their starts.
    pub(crate) fn family(&self) -> Family {
        let mut family = Family {
            parents: vec![None; self.nodes.len()],
            children: vec![Vec::new(); self.nodes.len()],
        };
        let mut above: Vec<usize> = Vec::new();
        for (place, node) in self.nodes.iter().enumerate() {
            above.truncate(node.depth);
            if let Some(parent) = above.last() {
                family.parents[place] = Some(*parent);
                family.children[*parent].push(place);
            }
            above.push(place);
        }
        family
    }

    /// From the first start to the last end.
    pub(crate) fn range(&self) -> (i64, i64) {
        let start = self
            .nodes
            .iter()
            .map(|node| node.start_us)
            .min()
            .unwrap_or(0);
        let end = self.nodes.iter().map(|node| node.end_us).max().unwrap_or(0);
        (start, end)
    }

    /// Where the failure was born: of the failed spans the deepest, and of those the first.
    pub(crate) fn birth(&self) -> Option<&Node<'a>> {
        self.nodes.get(self.birth_place()?)
    }

    pub(crate) fn birth_place(&self) -> Option<usize> {
        let failed = self.nodes.iter().enumerate();
        let failed = failed.filter(|(_, node)| node.facts.outcome.is_failure());
        let birth = failed.min_by_key(|(_, node)| {
            let shallow = usize::MAX - node.depth;
            (node.facts.passed_on, shallow, node.end_us, node.row.seq)
        });
        birth.map(|(place, _)| place)
    }

    /// The last empty result before a failure: often why it failed.
    pub(crate) fn empty_behind(&self, birth: &Node<'_>) -> Option<&Node<'a>> {
        self.nodes
            .iter()
            .filter(|node| node.facts.outcome == Outcome::Empty && node.end_us <= birth.end_us)
            .max_by_key(|node| node.end_us)
    }
}

/// One record for each span: a second record of a span is its start, or a duplicate.
fn spans(rows: &[StoredRecord]) -> Vec<&StoredRecord> {
    let mut spans: Vec<&StoredRecord> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for row in rows.iter().filter(|row| row.kind == "span") {
        let known = row.span_id.as_deref().and_then(|id| places.get(id));
        match known.and_then(|place| spans.get_mut(*place)) {
            Some(span) if span.duration_ms.is_none() => *span = row,
            Some(_) => {}
            None => {
                places.extend(row.span_id.as_deref().map(|id| (id, spans.len())));
                spans.push(row);
            }
        }
    }
    spans
}

/// Where a span goes: found without recursion, since a trace may be deeper than a stack.
#[derive(Debug)]
struct Place {
    span: usize,
    depth: usize,
    orphan: bool,
}

impl Place {
    fn node<'a>(self, spans: &[&'a StoredRecord]) -> Node<'a> {
        let row = spans[self.span];
        let start_us = start(row);
        Node {
            row,
            facts: Facts::of(row),
            start_us,
            end_us: start_us.saturating_add(duration_us(row)),
            depth: self.depth,
            orphan: self.orphan,
            events: Vec::new(),
        }
    }
}

fn start(row: &StoredRecord) -> i64 {
    row.start_us
        .unwrap_or_else(|| row.timestamp_us.saturating_sub(duration_us(row)))
}

/// Never negative, never NaN: `as` saturates, and takes NaN for zero.
#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn duration_us(row: &StoredRecord) -> i64 {
    ((row.duration_ms.unwrap_or(0.0) * 1000.0).round() as i64).max(0)
}

struct Walk<'s> {
    spans: &'s [&'s StoredRecord],
    children: Vec<Vec<usize>>,
    seen: Vec<bool>,
    places: Vec<Place>,
}

fn walk(spans: &[&StoredRecord]) -> Vec<Place> {
    let parents = parents(spans);
    let mut walk = Walk {
        spans,
        children: children(spans, &parents),
        seen: vec![false; spans.len()],
        places: Vec::with_capacity(spans.len()),
    };
    let by_start = by_start(spans);
    for span in by_start.iter().filter(|span| parents[**span].is_none()) {
        walk.descend(*span);
    }
    // What is left hangs in a circle: each is cut where it is met first.
    for span in by_start {
        walk.descend(span);
    }
    walk.places
}

impl Walk<'_> {
    fn descend(&mut self, root: usize) {
        let mut stack = vec![(root, 0)];
        while let Some((span, depth)) = stack.pop() {
            if std::mem::replace(&mut self.seen[span], true) {
                continue;
            }
            let orphan = depth == 0 && self.spans[span].parent_span_id.is_some();
            self.places.push(Place {
                span,
                depth,
                orphan,
            });
            let children = self.children[span].iter().rev();
            stack.extend(children.map(|child| (*child, depth + 1)));
        }
    }
}

fn parents(spans: &[&StoredRecord]) -> Vec<Option<usize>> {
    let places: HashMap<&str, usize> = spans
        .iter()
        .enumerate()
        .filter_map(|(place, row)| Some((row.span_id.as_deref()?, place)))
        .collect();
    spans
        .iter()
        .map(|row| places.get(row.parent_span_id.as_deref()?).copied())
        .collect()
}

fn children(spans: &[&StoredRecord], parents: &[Option<usize>]) -> Vec<Vec<usize>> {
    let mut children = vec![Vec::new(); spans.len()];
    for span in by_start(spans) {
        if let Some(parent) = parents[span] {
            children[parent].push(span);
        }
    }
    children
}

fn by_start(spans: &[&StoredRecord]) -> Vec<usize> {
    let mut order: Vec<_> = (0..spans.len()).collect();
    order.sort_by_key(|place| (start(spans[*place]), spans[*place].seq));
    order
}

/// Hangs the events under their spans and returns those that have none here.
fn attach<'a>(rows: &'a [StoredRecord], nodes: &mut [Node<'a>]) -> Vec<&'a StoredRecord> {
    let places: HashMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .filter_map(|(place, node)| Some((node.row.span_id.as_deref()?, place)))
        .collect();
    let mut loose = Vec::new();
    for row in rows.iter().filter(|row| row.kind != "span") {
        match row.span_id.as_deref().and_then(|id| places.get(id)) {
            Some(place) => nodes[*place].events.push(row),
            None => loose.push(row),
        }
    }
    loose
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(id: usize, parent: Option<usize>, start_us: i64, ms: f64) -> StoredRecord {
        StoredRecord {
            kind: "span".into(),
            span_id: Some(id.to_string()),
            parent_span_id: parent.map(|parent| parent.to_string()),
            start_us: Some(start_us),
            duration_ms: Some(ms),
            message: format!("op{id}_complete"),
            ..StoredRecord::default()
        }
    }

    fn drawn(rows: &[StoredRecord]) -> Vec<String> {
        let tree = Tree::of(rows);
        let mark = |node: &Node<'_>| if node.orphan { "?" } else { "" };
        let line =
            |node: &Node<'_>| format!("{}{}{}", node.depth, mark(node), node.facts.operation);
        tree.nodes.iter().map(line).collect()
    }

    #[test]
    fn children_hang_under_their_parents_by_start() {
        let rows = [
            span(4, Some(2), 6, 1.0),
            span(3, Some(1), 7, 1.0),
            span(2, Some(1), 5, 1.0),
            span(1, None, 0, 9.0),
        ];
        assert_eq!(drawn(&rows), ["0op1", "1op2", "2op4", "1op3"]);
    }

    #[test]
    fn a_span_without_its_parent_hangs_at_the_root_and_is_marked() {
        let rows = [span(1, None, 0, 1.0), span(2, Some(9), 1, 1.0)];
        assert_eq!(drawn(&rows), ["0op1", "0?op2"]);
        assert_eq!(
            Tree::of(&rows).root().expect("a root").facts.operation,
            "op1"
        );
    }

    #[test]
    fn circles_and_duplicates_are_shown_once() {
        let rows = [
            span(1, Some(2), 0, 1.0),
            span(2, Some(1), 1, 1.0),
            span(3, Some(3), 2, 1.0),
            span(2, Some(1), 1, 1.0),
        ];
        assert_eq!(drawn(&rows), ["0?op1", "1op2", "0?op3"]);
    }

    #[test]
    fn the_end_of_a_span_replaces_its_start() {
        let begun = StoredRecord {
            duration_ms: None,
            ..span(1, None, 0, 0.0)
        };
        let ended = span(1, None, 0, 5.0);
        for rows in [[begun.clone(), ended.clone()], [ended, begun]] {
            let tree = Tree::of(&rows);
            assert_eq!(tree.nodes.len(), 1);
            assert_eq!(tree.range(), (0, 5000));
        }
    }

    #[test]
    fn a_chain_deeper_than_any_stack_is_ordered() {
        let parent = |id: usize| id.checked_sub(1);
        let rows: Vec<_> = (0..10_000).map(|id| span(id, parent(id), 0, 1.0)).collect();
        let tree = Tree::of(&rows);
        assert_eq!(tree.nodes.len(), 10_000);
        assert_eq!(tree.nodes[9_999].depth, 9_999);
        assert_eq!(tree.family().parents[9_999], Some(9_998));
    }

    #[test]
    fn the_birth_is_the_deepest_failure_and_the_empty_is_before_it() {
        let failed = |row: StoredRecord| StoredRecord {
            message: "x_failed".into(),
            ..row
        };
        let empty = |row: StoredRecord| StoredRecord {
            message: "e_empty".into(),
            ..row
        };
        let rows = [
            failed(span(1, None, 0, 9.0)),
            empty(span(2, Some(1), 1, 1.0)),
            failed(span(3, Some(1), 3000, 1.0)),
            empty(span(4, Some(1), 8000, 1.0)),
        ];
        let tree = Tree::of(&rows);
        let birth = tree.birth().expect("a failure");
        assert_eq!(birth.row.span_id.as_deref(), Some("3"));
        let behind = tree.empty_behind(birth).expect("an empty result");
        assert_eq!(behind.row.span_id.as_deref(), Some("2"));
    }

    #[test]
    fn events_hang_under_their_span_or_are_loose() {
        let event = |id: &str| StoredRecord {
            span_id: Some(id.into()),
            kind: "event".into(),
            ..StoredRecord::default()
        };
        let rows = [event("1"), span(1, None, 0, 1.0), event("9")];
        let tree = Tree::of(&rows);
        assert_eq!(
            (tree.nodes[0].events.len(), tree.loose_events.len()),
            (1, 1)
        );
    }

    proptest! {
        #[test]
        fn every_span_is_drawn_exactly_once(
            links in prop::collection::vec((0_usize..40, prop::option::of(0_usize..40)), 0..60),
            start in any::<i64>(), ms in any::<f64>(),
        ) {
            let rows: Vec<_> =
                links.iter().map(|(id, parent)| span(*id, *parent, start, ms)).collect();
            let mut ids: Vec<_> = links.iter().map(|(id, _)| id.to_string()).collect();
            ids.sort();
            ids.dedup();
            let tree = Tree::of(&rows);
            let mut drawn: Vec<_> =
                tree.nodes.iter().filter_map(|node| node.row.span_id.clone()).collect();
            drawn.sort();
            prop_assert_eq!(drawn, ids);
            prop_assert!(tree.nodes.iter().all(|node| node.start_us <= node.end_us));
        }
    }
}
