//! Which spans of a large trace are worth a line of their own, the worthiest first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

use crate::facts::Outcome;

use super::path::{held_up, own_time};
use super::tree::{Family, Node, Tree};

/// More siblings of one operation than this are a repetition.
const REPEAT: usize = 3;
/// Of the way from the root to a span, so many are shown at its beginning, and at its end.
const FIRST: usize = 4;
const LAST: usize = 3;

/// Failures, the critical path and what else was not right, turn by turn; then all that does not repeat.
pub(super) fn worthy(tree: &Tree<'_>, family: &Family) -> Vec<usize> {
    let told = turn_by_turn(&[failures(tree), critical(tree, family), odd(tree)]);
    let rest = singular(tree, family);
    let root = tree.root_place().into_iter();
    with_their_way(root.chain(told).chain(rest), family, tree.nodes.len())
}

/// The `count` spans that took the most time themselves.
pub(super) fn slowest(tree: &Tree<'_>, family: &Family, count: usize) -> Vec<usize> {
    let own = own_time(tree, family);
    let mut order: Vec<_> = (0..tree.nodes.len()).collect();
    order.sort_by_key(|place| Reverse(own[*place]));
    order.truncate(count);
    let root = tree.root_place().into_iter();
    with_their_way(root.chain(order), family, tree.nodes.len())
}

/// The first few of each kind, the birth before all; those that only passed an error on come last.
fn failures(tree: &Tree<'_>) -> Vec<usize> {
    let mut failed = those(tree, |node| node.facts.outcome.is_failure());
    failed.sort_by_key(|place| {
        (
            tree.nodes[*place].facts.passed_on,
            tree.nodes[*place].end_us,
        )
    });
    let birth = tree.birth_place();
    failed.retain(|place| Some(*place) != birth);
    let failed = birth.into_iter().chain(failed).collect();
    few_of_each(failed, |place| {
        let facts = &tree.nodes[place].facts;
        let kind = facts.failure.as_ref().map(|failure| failure.kind.as_str());
        (facts.operation.as_str(), kind, facts.outcome.is_failure())
    })
}

/// What held the end up by more than a hundredth of the whole.
fn critical(tree: &Tree<'_>, family: &Family) -> Vec<usize> {
    let held = held_up(tree, family);
    let all: i64 = held.iter().fold(0, |sum, held| sum.saturating_add(*held));
    let mut path: Vec<_> = (0..held.len())
        .filter(|place| held[*place] > all / 100)
        .collect();
    path.sort_by_key(|place| Reverse(held[*place]));
    few_of_each(path, |place| {
        (
            family.parents[place],
            tree.nodes[place].facts.operation.as_str(),
        )
    })
}

/// Slow, empty, cancelled, without an end.
fn odd(tree: &Tree<'_>) -> Vec<usize> {
    let odd = those(tree, |node| {
        !node.facts.outcome.is_failure() && node.facts.outcome != Outcome::Success
    });
    few_of_each(odd, |place| {
        let facts = &tree.nodes[place].facts;
        (facts.operation.as_str(), facts.outcome.mark())
    })
}

/// Spans near the root without many siblings of their operation: those nearest to the root first, then the longest.
fn singular(tree: &Tree<'_>, family: &Family) -> Vec<usize> {
    let mut counts: HashMap<_, usize> = HashMap::new();
    let kind = |place: usize| {
        (
            family.parents[place],
            tree.nodes[place].facts.operation.as_str(),
        )
    };
    for place in 0..tree.nodes.len() {
        *counts.entry(kind(place)).or_default() += 1;
    }
    let mut rest: Vec<_> = (0..tree.nodes.len())
        .filter(|place| tree.nodes[*place].depth <= FIRST + LAST)
        .filter(|place| {
            counts
                .get(&kind(*place))
                .is_none_or(|count| *count <= REPEAT)
        })
        .collect();
    let length = |node: &Node<'_>| node.end_us.saturating_sub(node.start_us);
    rest.sort_by_key(|place| {
        (
            tree.nodes[*place].depth,
            Reverse(length(&tree.nodes[*place])),
        )
    });
    rest
}

fn those(tree: &Tree<'_>, passes: impl Fn(&Node<'_>) -> bool) -> Vec<usize> {
    (0..tree.nodes.len())
        .filter(|place| passes(&tree.nodes[*place]))
        .collect()
}

fn few_of_each<K: Eq + Hash>(places: Vec<usize>, kind: impl Fn(usize) -> K) -> Vec<usize> {
    let mut counts: HashMap<K, usize> = HashMap::new();
    let few = |place: &usize| {
        let count = counts.entry(kind(*place)).or_default();
        *count += 1;
        *count <= REPEAT
    };
    places.into_iter().filter(few).collect()
}

fn turn_by_turn(lists: &[Vec<usize>; 3]) -> Vec<usize> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .flat_map(|turn| lists.iter().filter_map(move |list| list.get(turn).copied()))
        .collect()
}

/// Each span after the beginning and the end of its way from the root, and none twice.
fn with_their_way(
    places: impl Iterator<Item = usize>,
    family: &Family,
    count: usize,
) -> Vec<usize> {
    let mut seen = vec![false; count];
    let mut out = Vec::new();
    for place in places {
        for step in way(place, family) {
            if !std::mem::replace(&mut seen[step], true) {
                out.push(step);
            }
        }
    }
    out
}

/// From the root to the span; of a long way the beginning and the end.
fn way(place: usize, family: &Family) -> Vec<usize> {
    let mut way: Vec<_> =
        std::iter::successors(Some(place), |place| family.parents[*place]).collect();
    way.reverse();
    if way.len() > FIRST + LAST + 1 {
        let end = way.split_off(way.len() - LAST);
        way.truncate(FIRST);
        way.extend(end);
    }
    way
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::span;

    fn chain(length: u32) -> Vec<ragspan_store::StoredRecord> {
        (1..=length)
            .map(|id| {
                span(
                    (id, id - 1),
                    ("data", "step", "complete"),
                    (0, 9),
                    &json!({}),
                )
            })
            .collect()
    }

    #[test]
    fn a_long_way_is_shown_at_its_ends() {
        let rows = chain(100);
        let family = Tree::of(&rows).family();
        assert_eq!(way(99, &family), [0, 1, 2, 3, 97, 98, 99]);
        assert_eq!(way(7, &family), [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn the_slowest_are_those_that_took_time_themselves() {
        let rows = [
            span((1, 0), ("api", "all", "complete"), (0, 100), &json!({})),
            span((2, 1), ("data", "outer", "complete"), (0, 99), &json!({})),
            span((3, 2), ("data", "inner", "complete"), (1, 97), &json!({})),
            span((4, 1), ("data", "quick", "complete"), (0, 20), &json!({})),
        ];
        let tree = Tree::of(&rows);
        let shown = slowest(&tree, &tree.family(), 1);
        let names: Vec<_> = shown
            .iter()
            .map(|place| tree.nodes[*place].facts.operation.as_str())
            .collect();
        assert_eq!(names, ["all", "outer", "inner"]);
    }

    #[test]
    fn a_hundred_equal_failures_are_a_few() {
        let rows: Vec<_> = (2..102)
            .map(|id| {
                span(
                    (id, 1),
                    ("data", "load", "failed"),
                    (i64::from(id), 5),
                    &json!({}),
                )
            })
            .collect();
        let tree = Tree::of(&rows);
        assert_eq!(failures(&tree).len(), REPEAT);
    }
}
