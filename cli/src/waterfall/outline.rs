//! Selects the lines of a waterfall: spans, and folds of several spans.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::branches::{branches, max_depth};
use super::fold::{Fold, Kind};
use super::selection;
use super::view::View;
use crate::trace_view::TraceView;

/// The maximum number of lines by default: one or two screens.
const MAX_LINES: usize = 40;
/// The maximum number of folds below one span.
const MAX_FOLDS: usize = 6;

/// A line of the waterfall.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) content: Content,
    pub(crate) depth: usize,
    /// Set if no sibling follows.
    last: bool,
    pub(crate) branches: String,
}

/// The content of a line.
#[derive(Debug)]
pub(crate) enum Content {
    /// The span with this index.
    Span(usize),
    /// Several spans that are folded.
    Fold(Fold),
}

/// Returns the lines that `view` selects, for a terminal of `width` columns. Every span is on exactly one of them.
pub(crate) fn rows(trace: &TraceView<'_>, view: &View, width: usize) -> Vec<Row> {
    let mut rows = rows_within(trace, view, MAX_LINES);
    add_branches(&mut rows, max_depth(width));
    rows
}

/// Returns at most `most_lines` lines, without branches.
pub(crate) fn rows_within(trace: &TraceView<'_>, view: &View, most_lines: usize) -> Vec<Row> {
    let deepest = view.depth.unwrap_or(usize::MAX);
    let explicit = view.depth.is_some() || view.slowest.is_some();
    if view.all || (!explicit && trace.spans.len() <= most_lines) {
        return lay_out(trace, &vec![true; trace.spans.len()], usize::MAX);
    }
    let mut selected = match view.slowest {
        Some(count) => selection::slowest(trace, count),
        None => selection::by_importance(trace),
    };
    selected.retain(|index| trace.spans[*index].depth < deepest);
    let show = |count: usize| {
        let mut shown = vec![false; trace.spans.len()];
        selected
            .iter()
            .take(count)
            .for_each(|index| shown[*index] = true);
        lay_out(trace, &shown, deepest)
    };
    if explicit {
        show(selected.len())
    } else {
        show(largest_fitting(selected.len(), |count| {
            show(count).len() <= most_lines
        }))
    }
}

/// Returns the largest count up to `all` that fits, by bisection; 1 counts as fitting.
fn largest_fitting(all: usize, fits: impl Fn(usize) -> bool) -> usize {
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

fn lay_out(trace: &TraceView<'_>, shown: &[bool], deepest: usize) -> Vec<Row> {
    let roots: Vec<_> = (0..shown.len())
        .filter(|index| trace.spans[*index].parent.is_none())
        .collect();
    let plan = Plan {
        trace,
        shown,
        deepest,
    };
    let mut rows = Vec::new();
    let mut stack = Vec::new();
    push(&mut stack, plan.lines(&roots), 0);
    while let Some((line, depth, last)) = stack.pop() {
        rows.push(Row {
            content: line.content,
            depth,
            last,
            branches: String::new(),
        });
        push(&mut stack, plan.lines(&line.next), depth + 1);
    }
    rows
}

fn add_branches(rows: &mut [Row], max_depth: usize) {
    let mut rails: Vec<bool> = Vec::new();
    for row in rows {
        rails.truncate(row.depth);
        row.branches = branches(row.depth, row.last, &rails, max_depth);
        rails.push(!row.last);
    }
}

/// Pushes the lines with the first on top, and marks the last sibling.
fn push(stack: &mut Vec<(PlannedLine, usize, bool)>, lines: Vec<PlannedLine>, depth: usize) {
    let lasts = lines.into_iter().rev().enumerate();
    stack.extend(lasts.map(|(left, line)| (line, depth, left == 0)));
}

/// A line before its position is known, and the spans below it.
#[derive(Debug)]
struct PlannedLine {
    content: Content,
    next: Vec<usize>,
}

/// The inputs of the lines: the trace, and the spans that are shown.
struct Plan<'t> {
    trace: &'t TraceView<'t>,
    shown: &'t [bool],
    deepest: usize,
}

impl Plan<'_> {
    /// Returns the lines of these siblings.
    fn lines(&self, siblings: &[usize]) -> Vec<PlannedLine> {
        let mut lines: Vec<PlannedLine> = Vec::new();
        let mut kinds: HashMap<&str, usize> = HashMap::new();
        for index in siblings.iter().copied() {
            if self.shown[index] {
                lines.push(self.span(index));
                continue;
            }
            let (spans, next) = self.region(index);
            let operation = self.trace.spans[index].call.operation.as_str();
            let known = next.is_empty().then(|| kinds.get(operation)).flatten();
            if let Some(PlannedLine {
                content: Content::Fold(fold),
                ..
            }) = known.and_then(|known| lines.get_mut(*known))
            {
                fold.heads.push(index);
                fold.spans.extend(spans);
                continue;
            }
            if next.is_empty() {
                kinds.insert(operation, lines.len());
            }
            let kind = if next.is_empty() {
                Kind::SameOperation
            } else {
                Kind::Levels
            };
            lines.push(PlannedLine {
                content: Content::Fold(Fold {
                    kind,
                    heads: vec![index],
                    spans,
                }),
                next,
            });
        }
        self.without_single_spans(merge(lines))
    }

    fn span(&self, index: usize) -> PlannedLine {
        PlannedLine {
            content: Content::Span(index),
            next: self.trace.spans[index].children.clone(),
        }
    }

    /// Returns the folded spans from `head` downwards, and the shown spans below them.
    fn region(&self, head: usize) -> (Vec<usize>, Vec<usize>) {
        let (mut spans, mut next) = (Vec::new(), Vec::new());
        let mut stack = vec![head];
        while let Some(index) = stack.pop() {
            if self.shown[index] {
                next.push(index);
            } else {
                spans.push(index);
                stack.extend(self.trace.spans[index].children.iter().rev());
            }
        }
        (spans, next)
    }

    /// Replaces folds of one span, which take as much room as the span.
    fn without_single_spans(&self, mut lines: Vec<PlannedLine>) -> Vec<PlannedLine> {
        for line in &mut lines {
            if let Content::Fold(Fold { spans, .. }) = &line.content
                && let [one] = spans.as_slice()
                && self.trace.spans[*one].depth < self.deepest
            {
                *line = self.span(*one);
            }
        }
        lines
    }
}

/// Merges the smallest folds into one if there are more than the maximum.
fn merge(lines: Vec<PlannedLine>) -> Vec<PlannedLine> {
    let size = |line: &PlannedLine| match &line.content {
        Content::Fold(fold) if line.next.is_empty() => Some(fold.spans.len()),
        _ => None,
    };
    let mut sizes: Vec<_> = lines
        .iter()
        .enumerate()
        .filter_map(|(at, line)| Some((size(line)?, at)))
        .collect();
    if sizes.len() <= MAX_FOLDS {
        return lines;
    }
    sizes.sort_by_key(|(size, at)| (Reverse(*size), *at));
    let small: HashSet<_> = sizes
        .iter()
        .skip(MAX_FOLDS - 1)
        .map(|(_, at)| *at)
        .collect();
    let mut rest = Fold {
        kind: Kind::MixedOperations(small.len()),
        heads: Vec::new(),
        spans: Vec::new(),
    };
    let mut merged = Vec::new();
    for (at, line) in lines.into_iter().enumerate() {
        match line.content {
            Content::Fold(fold) if small.contains(&at) => rest.absorb(fold),
            _ => merged.push(line),
        }
    }
    merged.push(PlannedLine {
        content: Content::Fold(rest),
        next: Vec::new(),
    });
    merged
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
        let trace = TraceView::of(rows);
        super::rows(&trace, view, 140)
            .iter()
            .map(|row| match &row.content {
                Content::Span(index) => {
                    format!("{}{}", row.branches, trace.spans[*index].call.operation)
                }
                Content::Fold(fold) => format!("{}{}", row.branches, fold.name(&trace)),
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
            texts(&wide(MAX_LINES as u32 - 1), &View::default()).len(),
            MAX_LINES
        );
    }

    #[test]
    fn siblings_of_one_operation_are_folded_beside_the_failed_one() {
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
    fn many_operations_are_merged_into_a_few_folds() {
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
        assert_eq!(texts.len(), 1 + MAX_FOLDS);
        assert_eq!(texts[MAX_FOLDS], "└ × 75 others");
    }

    #[test]
    fn depth_and_slowest_limit_the_lines() {
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
