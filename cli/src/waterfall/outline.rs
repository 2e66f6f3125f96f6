//! The lines of a waterfall: a span each, or one line for many spans that are folded away.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::branch::{self, branches};
use super::fold::{Fold, Kind};
use super::tree::{Family, Tree};
use super::{View, pick};

/// What a trace takes when nothing else is asked for: a screen or two.
const LINES: usize = 40;
/// Of the children of one span, so many kinds are told apart.
const KINDS: usize = 6;

/// A line.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) what: What,
    pub(crate) depth: usize,
    /// No sibling follows.
    last: bool,
    pub(crate) branches: String,
}

/// What a line shows.
#[derive(Debug)]
pub(crate) enum What {
    /// The span at this place.
    Span(usize),
    /// Spans that are folded away.
    Fold(Fold),
}

/// The lines that `view` asks for in a terminal of `width` columns. Every span is on exactly one of them.
pub(crate) fn rows(tree: &Tree<'_>, view: &View, width: usize) -> Vec<Row> {
    let mut rows = rows_within(tree, view, LINES);
    grow_branches(&mut rows, branch::deepest(width));
    rows
}

/// The same, without branches, for a place that has room for so many lines.
pub(crate) fn rows_within(tree: &Tree<'_>, view: &View, most_lines: usize) -> Vec<Row> {
    let family = tree.family();
    let deepest = view.depth.unwrap_or(usize::MAX);
    let explicit = view.depth.is_some() || view.slowest.is_some();
    if view.all || (!explicit && tree.nodes.len() <= most_lines) {
        return lay_out(tree, &family, &vec![true; tree.nodes.len()], usize::MAX);
    }
    let mut wanted = match view.slowest {
        Some(count) => pick::slowest(tree, &family, count),
        None => pick::worthy(tree, &family),
    };
    wanted.retain(|place| tree.nodes[*place].depth < deepest);
    let show = |count: usize| {
        let mut shown = vec![false; tree.nodes.len()];
        wanted
            .iter()
            .take(count)
            .for_each(|place| shown[*place] = true);
        lay_out(tree, &family, &shown, deepest)
    };
    if explicit {
        show(wanted.len())
    } else {
        show(most(wanted.len(), |count| show(count).len() <= most_lines))
    }
}

/// The largest count up to `all` that fits, if what fits does not depend on luck; 1 always counts as fitting.
fn most(all: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (1, all + 1);
    while high - low > 1 {
        let middle = low.midpoint(high);
        if fits(middle) {
            low = middle
        } else {
            high = middle
        }
    }
    low
}

fn lay_out(tree: &Tree<'_>, family: &Family, shown: &[bool], deepest: usize) -> Vec<Row> {
    let roots: Vec<_> = (0..shown.len())
        .filter(|place| family.parents[*place].is_none())
        .collect();
    let plan = Plan {
        tree,
        family,
        shown,
        deepest,
    };
    let mut rows = Vec::new();
    let mut stack = Vec::new();
    push(&mut stack, plan.entries(&roots), 0);
    while let Some((entry, depth, last)) = stack.pop() {
        rows.push(Row {
            what: entry.what,
            depth,
            last,
            branches: String::new(),
        });
        push(&mut stack, plan.entries(&entry.next), depth + 1);
    }
    rows
}

fn grow_branches(rows: &mut [Row], deepest: usize) {
    let mut rails: Vec<bool> = Vec::new();
    for row in rows {
        rails.truncate(row.depth);
        row.branches = branches(row.depth, row.last, &rails, deepest);
        rails.push(!row.last);
    }
}

/// The first on top; the last of its kind is marked.
fn push(stack: &mut Vec<(Entry, usize, bool)>, entries: Vec<Entry>, depth: usize) {
    let lasts = entries.into_iter().rev().enumerate();
    stack.extend(lasts.map(|(left, entry)| (entry, depth, left == 0)));
}

/// A line to come, and the spans that hang under it.
#[derive(Debug)]
struct Entry {
    what: What,
    next: Vec<usize>,
}

/// What decides about the lines.
struct Plan<'t> {
    tree: &'t Tree<'t>,
    family: &'t Family,
    shown: &'t [bool],
    deepest: usize,
}

impl Plan<'_> {
    /// The lines for these siblings.
    fn entries(&self, siblings: &[usize]) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut kinds: HashMap<&str, usize> = HashMap::new();
        for place in siblings.iter().copied() {
            if self.shown[place] {
                entries.push(self.span(place));
                continue;
            }
            let (spans, next) = self.region(place);
            let operation = self.tree.nodes[place].facts.operation.as_str();
            let known = next.is_empty().then(|| kinds.get(operation)).flatten();
            if let Some(Entry {
                what: What::Fold(fold),
                ..
            }) = known.and_then(|known| entries.get_mut(*known))
            {
                fold.heads.push(place);
                fold.spans.extend(spans);
                continue;
            }
            if next.is_empty() {
                kinds.insert(operation, entries.len());
            }
            let kind = if next.is_empty() {
                Kind::Alike
            } else {
                Kind::Levels
            };
            entries.push(Entry {
                what: What::Fold(Fold {
                    kind,
                    heads: vec![place],
                    spans,
                }),
                next,
            });
        }
        self.without_small_ones(merge(entries))
    }

    fn span(&self, place: usize) -> Entry {
        Entry {
            what: What::Span(place),
            next: self.family.children[place].clone(),
        }
    }

    /// The folded spans from `head` downwards, and the shown ones that hang under them.
    fn region(&self, head: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut spans, mut next) = (Vec::new(), Vec::new());
        let mut stack = vec![head];
        while let Some(place) = stack.pop() {
            if self.shown[place] {
                next.push(place);
            } else {
                spans.push(place);
                stack.extend(self.family.children[place].iter().rev());
            }
        }
        (spans, next)
    }

    /// A fold of one span takes a line as the span does.
    fn without_small_ones(&self, mut entries: Vec<Entry>) -> Vec<Entry> {
        for entry in &mut entries {
            if let What::Fold(Fold { spans, .. }) = &entry.what
                && let [one] = spans.as_slice()
                && self.tree.nodes[*one].depth < self.deepest
            {
                *entry = self.span(*one);
            }
        }
        entries
    }
}

/// Folds of too many kinds become one: the smallest of them.
fn merge(entries: Vec<Entry>) -> Vec<Entry> {
    let size = |entry: &Entry| match &entry.what {
        What::Fold(fold) if entry.next.is_empty() => Some(fold.spans.len()),
        _ => None,
    };
    let mut sizes: Vec<_> = entries
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| Some((size(entry)?, at)))
        .collect();
    if sizes.len() <= KINDS {
        return entries;
    }
    sizes.sort_by_key(|(size, at)| (Reverse(*size), *at));
    let small: HashSet<_> = sizes.iter().skip(KINDS - 1).map(|(_, at)| *at).collect();
    let mut rest = Fold {
        kind: Kind::Others(small.len()),
        heads: Vec::new(),
        spans: Vec::new(),
    };
    let mut kept = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        match entry.what {
            What::Fold(fold) if small.contains(&at) => rest.take(fold),
            _ => kept.push(entry),
        }
    }
    kept.push(Entry {
        what: What::Fold(rest),
        next: Vec::new(),
    });
    kept
}

#[cfg(test)]
mod tests {
    use ragspan_store::StoredRecord;
    use serde_json::json;

    use super::*;
    use crate::sample::span;

    fn load(id: u32, parent: u32, end: &str) -> StoredRecord {
        span(
            (id, parent),
            ("data", "load", end),
            (i64::from(id) * 10, 5),
            &json!({}),
        )
    }

    fn texts(rows: &[StoredRecord], view: &View) -> Vec<String> {
        let tree = Tree::of(rows);
        super::rows(&tree, view, 140)
            .iter()
            .map(|row| match &row.what {
                What::Span(place) => {
                    format!("{}{}", row.branches, tree.nodes[*place].facts.operation)
                }
                What::Fold(fold) => format!("{}{}", row.branches, fold.name(&tree)),
            })
            .collect()
    }

    fn wide(count: u32) -> Vec<StoredRecord> {
        let root = span((1, 0), ("api", "all", "complete"), (0, 99_000), &json!({}));
        [root]
            .into_iter()
            .chain((2..count + 2).map(|id| load(id, 1, "complete")))
            .collect()
    }

    #[test]
    fn a_small_trace_is_shown_whole() {
        assert_eq!(
            texts(&wide(3), &View::default()),
            ["all", "├ load", "├ load", "└ load"]
        );
        assert_eq!(
            texts(&wide(LINES as u32 - 1), &View::default()).len(),
            LINES
        );
    }

    #[test]
    fn siblings_of_one_operation_become_one_line_beside_the_failed_one() {
        let mut rows = wide(480);
        rows[100] = load(101, 1, "failed");
        assert_eq!(
            texts(&rows, &View::default()),
            ["all", "├ × 479 load", "└ load"]
        );
        let all = View {
            all: true,
            ..View::default()
        };
        assert_eq!(texts(&rows, &all).len(), 481);
    }

    #[test]
    fn a_deep_chain_is_shown_at_its_ends() {
        let nested = |id: u32| (i64::from(id), 2_000 - 2 * id);
        let step = |id| {
            span(
                (id, id - 1),
                ("data", "step", "complete"),
                nested(id),
                &json!({}),
            )
        };
        let rows: Vec<_> = (1..=500).map(step).collect();
        let texts = texts(&rows, &View::default());
        assert_eq!(texts.len(), 8 + 1 + 3, "{texts:#?}");
        assert!(texts[8].ends_with("⋯ 489 levels"), "{texts:#?}");
    }

    #[test]
    fn many_kinds_are_told_apart_up_to_a_few() {
        let mut rows = wide(0);
        for id in 2..102_u32 {
            let operation = format!("op{}", (id - 2) / 5);
            rows.push(span(
                (id, 1),
                ("data", &operation, "complete"),
                (9, 5),
                &json!({}),
            ));
        }
        let texts = texts(&rows, &View::default());
        assert_eq!(texts.len(), 1 + KINDS);
        assert_eq!(texts[KINDS], "└ × 75 others");
    }

    #[test]
    fn depth_and_slowest_say_how_much() {
        let rows: Vec<_> = (1..=6).map(|id| load(id, id - 1, "complete")).collect();
        let depth = View {
            depth: Some(2),
            ..View::default()
        };
        assert_eq!(texts(&rows, &depth), ["load", "└ load", "  └ ▸ load"]);
        let slowest = View {
            slowest: Some(1),
            ..View::default()
        };
        assert_eq!(texts(&wide(9), &slowest), ["all", "└ × 9 load"]);
    }
}
