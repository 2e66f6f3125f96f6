//! How much of the trace's time each span held up: the critical path, and the time a span spent itself.

use super::tree::{Family, Tree};

/// Of each span the microseconds of the critical path that it alone filled: walking back from the
/// end, time belongs to the child that ended last, and to the span itself where no child ran.
pub(crate) fn held_up(tree: &Tree<'_>, family: &Family) -> Vec<i64> {
    let mut held = vec![0_i64; tree.nodes.len()];
    let mut stack: Vec<(usize, i64, i64)> = tree
        .root_place()
        .into_iter()
        .map(|root| (root, tree.nodes[root].start_us, tree.nodes[root].end_us))
        .collect();
    while let Some((place, from, to)) = stack.pop() {
        let mut time = to;
        for child in by_end(tree, &family.children[place]) {
            let node = &tree.nodes[child];
            let (start, end) = (node.start_us.max(from), node.end_us.min(to));
            // One that ran beside a later one held nothing up.
            if start < end && end <= time {
                held[place] = held[place].saturating_add(time.saturating_sub(end));
                stack.push((child, start, end));
                time = start;
            }
        }
        held[place] = held[place].saturating_add(time.saturating_sub(from));
    }
    held
}

/// The last to end first.
fn by_end(tree: &Tree<'_>, children: &[usize]) -> Vec<usize> {
    let mut order = children.to_vec();
    order.sort_by_key(|child| std::cmp::Reverse(tree.nodes[*child].end_us));
    order
}

/// Of each span the microseconds in which none of its children ran.
pub(crate) fn own_time(tree: &Tree<'_>, family: &Family) -> Vec<i64> {
    tree.nodes
        .iter()
        .zip(&family.children)
        .map(|(node, children)| {
            let mut own = 0_i64;
            let mut time = node.start_us;
            // Children come by their starts.
            for child in children.iter().map(|child| &tree.nodes[*child]) {
                own =
                    own.saturating_add(child.start_us.min(node.end_us).saturating_sub(time).max(0));
                time = time.max(child.end_us);
            }
            own.saturating_add(node.end_us.saturating_sub(time).max(0))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{fine, span};

    #[test]
    fn the_path_is_what_the_end_waited_for() {
        let rows = fine();
        let tree = Tree::of(&rows);
        let held = held_up(&tree, &tree.family());
        let names: Vec<_> = tree
            .nodes
            .iter()
            .map(|node| node.facts.operation.as_str())
            .collect();
        let of = |name: &str| {
            held[names
                .iter()
                .position(|known| *known == name)
                .expect("known")]
        };
        assert_eq!(of("generate"), 298_000);
        assert_eq!(of("vectors"), 44_000);
        assert_eq!(of("bm25"), 0, "it ran beside vectors");
        assert_eq!(held.iter().sum::<i64>(), 412_000, "the whole request, once");
    }

    #[test]
    fn own_time_is_what_no_child_covers() {
        let child = |id, start| {
            span(
                (id, 1),
                ("data", "load", "complete"),
                (start, 30),
                &json!({}),
            )
        };
        let rows = [
            span((1, 0), ("api", "all", "complete"), (0, 100), &json!({})),
            child(2, 10),
            child(3, 20),
        ];
        let tree = Tree::of(&rows);
        assert_eq!(own_time(&tree, &tree.family()), [60, 30, 30]);
    }
}
