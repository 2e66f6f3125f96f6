//! Selects the spans of a large trace that get a line, the most important first.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::hash::Hash;

use crate::call::CallOutcome;

use super::critical_path::{own_time, time_on_critical_path};
use crate::trace_view::{SpanView, TraceView};

/// The number of siblings of one operation that are not a repetition yet.
const MAX_REPEATS: usize = 3;
/// The numbers of spans that are shown at the beginning and at the end of a path from the root.
const FIRST: usize = 4;
const LAST: usize = 3;

/// Returns failures, the critical path and other unusual spans in turns; then every span that is not a repetition.
pub(super) fn by_importance(trace: &TraceView<'_>) -> Vec<usize> {
    let notable = interleave(&[failures(trace), critical(trace), unusual(trace)]);
    let rest = not_repeated(trace);
    let root = trace.root.into_iter();
    with_their_paths(root.chain(notable).chain(rest), trace)
}

/// Returns the `count` spans with the most time of their own.
pub(super) fn slowest(trace: &TraceView<'_>, count: usize) -> Vec<usize> {
    let own = own_time(trace);
    let mut order: Vec<_> = (0..trace.spans.len()).collect();
    order.sort_by_key(|index| Reverse(own[*index]));
    order.truncate(count);
    let root = trace.root.into_iter();
    with_their_paths(root.chain(order), trace)
}

/// Returns the first failures of each kind: the origin of the error first, and spans that passed an error on last.
fn failures(trace: &TraceView<'_>) -> Vec<usize> {
    let mut failed = indexes_where(trace, |span| span.call.outcome.is_failure());
    failed.sort_by_key(|index| {
        (
            trace.spans[*index].call.passes_error_on,
            trace.spans[*index].end_us,
        )
    });
    let origin = trace.failure;
    failed.retain(|index| Some(*index) != origin);
    let failed = origin.into_iter().chain(failed).collect();
    few_of_each(failed, |index| {
        let call = &trace.spans[index].call;
        let kind = call.error.as_ref().map(|error| error.error_type.as_str());
        (call.operation.as_str(), kind, call.outcome.is_failure())
    })
}

/// Returns the spans that fill more than a hundredth of the critical path.
fn critical(trace: &TraceView<'_>) -> Vec<usize> {
    let times = time_on_critical_path(trace);
    let all: i64 = times.iter().fold(0, |sum, time| sum.saturating_add(*time));
    let mut path: Vec<_> = (0..times.len())
        .filter(|index| times[*index] > all / 100)
        .collect();
    path.sort_by_key(|index| Reverse(times[*index]));
    few_of_each(path, |index| {
        (
            trace.spans[index].parent,
            trace.spans[index].call.operation.as_str(),
        )
    })
}

/// Returns the spans that are slow, empty, cancelled or without an end.
fn unusual(trace: &TraceView<'_>) -> Vec<usize> {
    let unusual = indexes_where(trace, |span| {
        !span.call.outcome.is_failure() && span.call.outcome != CallOutcome::Success
    });
    few_of_each(unusual, |index| {
        let call = &trace.spans[index].call;
        (call.operation.as_str(), call.outcome.mark())
    })
}

/// Returns spans near the root with few siblings of their operation: the nearest to the root first, then the longest.
fn not_repeated(trace: &TraceView<'_>) -> Vec<usize> {
    let mut counts: HashMap<_, usize> = HashMap::new();
    let kind = |index: usize| {
        (
            trace.spans[index].parent,
            trace.spans[index].call.operation.as_str(),
        )
    };
    for index in 0..trace.spans.len() {
        *counts.entry(kind(index)).or_default() += 1;
    }
    let mut rest: Vec<_> = (0..trace.spans.len())
        .filter(|index| trace.spans[*index].depth <= FIRST + LAST)
        .filter(|index| {
            counts
                .get(&kind(*index))
                .is_none_or(|count| *count <= MAX_REPEATS)
        })
        .collect();
    let length = |span: &SpanView<'_>| span.end_us.saturating_sub(span.start_us);
    rest.sort_by_key(|index| {
        (
            trace.spans[*index].depth,
            Reverse(length(&trace.spans[*index])),
        )
    });
    rest
}

fn indexes_where(trace: &TraceView<'_>, matches: impl Fn(&SpanView<'_>) -> bool) -> Vec<usize> {
    (0..trace.spans.len())
        .filter(|index| matches(&trace.spans[*index]))
        .collect()
}

fn few_of_each<K: Eq + Hash>(indexes: Vec<usize>, kind: impl Fn(usize) -> K) -> Vec<usize> {
    let mut counts: HashMap<K, usize> = HashMap::new();
    let few = |index: &usize| {
        let count = counts.entry(kind(*index)).or_default();
        *count += 1;
        *count <= MAX_REPEATS
    };
    indexes.into_iter().filter(few).collect()
}

fn interleave(lists: &[Vec<usize>; 3]) -> Vec<usize> {
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .flat_map(|turn| lists.iter().filter_map(move |list| list.get(turn).copied()))
        .collect()
}

/// Returns each span after the shown part of its path from the root, and none twice.
fn with_their_paths(indexes: impl Iterator<Item = usize>, trace: &TraceView<'_>) -> Vec<usize> {
    let mut seen = vec![false; trace.spans.len()];
    let mut out = Vec::new();
    for index in indexes {
        for step in path_from_root(index, trace) {
            if !std::mem::replace(&mut seen[step], true) {
                out.push(step);
            }
        }
    }
    out
}

/// Returns the path from the root to the span; of a long path its beginning and its end.
fn path_from_root(index: usize, trace: &TraceView<'_>) -> Vec<usize> {
    let mut path: Vec<_> =
        std::iter::successors(Some(index), |index| trace.spans[*index].parent).collect();
    path.reverse();
    if path.len() > FIRST + LAST + 1 {
        let end = path.split_off(path.len() - LAST);
        path.truncate(FIRST);
        path.extend(end);
    }
    path
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
    fn a_long_path_is_shown_at_its_ends() {
        let rows = chain(100);
        let trace = TraceView::of(&rows);
        assert_eq!(path_from_root(99, &trace), [0, 1, 2, 3, 97, 98, 99]);
        assert_eq!(path_from_root(7, &trace), [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn the_slowest_spans_have_the_most_time_of_their_own() {
        let rows = [
            span((1, 0), ("api", "all", "complete"), (0, 100), &json!({})),
            span((2, 1), ("data", "outer", "complete"), (0, 99), &json!({})),
            span((3, 2), ("data", "inner", "complete"), (1, 97), &json!({})),
            span((4, 1), ("data", "quick", "complete"), (0, 20), &json!({})),
        ];
        let trace = TraceView::of(&rows);
        let shown = slowest(&trace, 1);
        let names: Vec<_> = shown
            .iter()
            .map(|index| trace.spans[*index].call.operation.as_str())
            .collect();
        assert_eq!(names, ["all", "outer", "inner"]);
    }

    #[test]
    fn of_a_hundred_equal_failures_a_few_are_shown() {
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
        let trace = TraceView::of(&rows);
        assert_eq!(failures(&trace).len(), MAX_REPEATS);
    }
}
