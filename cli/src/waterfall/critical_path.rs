//! The critical path of a trace, and the time that each span spent itself.

use crate::trace_view::TraceView;

/// Returns for each span the microseconds of the critical path that it filled itself. Walking back from the end, time belongs
/// to the child that ended last, and to the span itself while no child ran.
pub(super) fn time_on_critical_path(trace: &TraceView<'_>) -> Vec<i64> {
    let mut times = vec![0_i64; trace.spans.len()];
    let mut stack: Vec<(usize, i64, i64)> = trace
        .root
        .into_iter()
        .map(|root| (root, trace.spans[root].start_us, trace.spans[root].end_us))
        .collect();
    while let Some((index, from, to)) = stack.pop() {
        let mut time = to;
        for child in by_end(trace, &trace.spans[index].children) {
            let span = &trace.spans[child];
            let (start, end) = (span.start_us.max(from), span.end_us.min(to));
            // A child that ran beside a later one did not delay the end.
            if start < end && end <= time {
                times[index] = times[index].saturating_add(time.saturating_sub(end));
                stack.push((child, start, end));
                time = start;
            }
        }
        times[index] = times[index].saturating_add(time.saturating_sub(from));
    }
    times
}

/// Returns the children, the last to end first.
fn by_end(trace: &TraceView<'_>, children: &[usize]) -> Vec<usize> {
    let mut order = children.to_vec();
    order.sort_by_key(|child| std::cmp::Reverse(trace.spans[*child].end_us));
    order
}

/// Returns for each span the microseconds in which none of its children ran.
pub(super) fn own_time(trace: &TraceView<'_>) -> Vec<i64> {
    trace
        .spans
        .iter()
        .map(|span| {
            let mut own = 0_i64;
            let mut time = span.start_us;
            // Children are sorted by their starts.
            for child in span.children.iter().map(|child| &trace.spans[*child]) {
                own =
                    own.saturating_add(child.start_us.min(span.end_us).saturating_sub(time).max(0));
                time = time.max(child.end_us);
            }
            own.saturating_add(span.end_us.saturating_sub(time).max(0))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{fine, span};

    #[test]
    fn the_path_is_made_of_the_spans_that_delayed_the_end() {
        let rows = fine();
        let trace = TraceView::of(&rows);
        let times = time_on_critical_path(&trace);
        let names: Vec<_> = trace
            .spans
            .iter()
            .map(|span| span.call.operation.as_str())
            .collect();
        let of = |name: &str| {
            times[names
                .iter()
                .position(|known| *known == name)
                .expect("known")]
        };
        assert_eq!(of("generate"), 298_000);
        assert_eq!(of("vectors"), 44_000);
        assert_eq!(of("bm25"), 0, "it ran beside vectors");
        assert_eq!(
            times.iter().sum::<i64>(),
            412_000,
            "the whole request, once"
        );
    }

    #[test]
    fn own_time_is_covered_by_no_child() {
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
        let trace = TraceView::of(&rows);
        assert_eq!(own_time(&trace), [60, 30, 30]);
    }
}
