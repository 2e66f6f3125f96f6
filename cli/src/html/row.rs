//! A line of the page's waterfall: a span with its details, or a fold of several spans.

use crate::call::CallOutcome;
use crate::format::duration;
use crate::trace_view::{SpanView, TraceView};
use crate::waterfall::fold::Fold;
use crate::waterfall::note;

use super::detail;
use super::escape::escape;
use super::time_axis::TimeAxis;

/// The maximum depth that indents a line; deeper lines show their depth as a number.
const MAX_INDENT: usize = 8;
/// Returns the CSS class with the colour of an outcome.
pub(super) const fn class(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Success => "good",
        CallOutcome::Slow | CallOutcome::Empty | CallOutcome::Unfinished => "odd",
        CallOutcome::Cancelled => "dim",
        CallOutcome::Failed | CallOutcome::Panicked => "bad",
    }
}

/// Returns the class of a line; a success has no colour.
const fn row_class(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Success => "ok",
        other => class(other),
    }
}

fn begin(out: &mut String, class: &str, depth: usize) {
    let indent = depth.min(MAX_INDENT);
    out.push_str(&format!(
        "<li class=\"row d{indent} {class}\" data-d=\"{depth}\"><details><summary>"
    ));
}

/// Writes the columns of a line.
fn parts(out: &mut String, depth: usize, name: &str, layer: &str, time: &str, bar: &str) {
    let deep = if depth > MAX_INDENT {
        format!("<span class=\"dim\">⋯{depth} </span>")
    } else {
        String::new()
    };
    out.push_str(&format!(
        "<span class=\"n\">{deep}{}</span><span class=\"l\">{}</span><span class=\"t\">{time}</span>{bar}",
        escape(name),
        escape(layer)
    ));
}

pub(super) fn push_span(out: &mut String, span: &SpanView<'_>, depth: usize, axis: &TimeAxis<'_>) {
    begin(out, row_class(span.call.outcome), depth);
    let time = span
        .record
        .duration_ms
        .map_or_else(|| "–".to_owned(), duration);
    let bar = axis.bar(span.start_us, span.end_us);
    parts(
        out,
        depth,
        &span.call.operation,
        &span.call.layer,
        &time,
        &bar,
    );
    out.push_str(&format!(
        "<span class=\"x\">{}</span><span class=\"w\">{}</span></summary>\n",
        escape(&note::text(span)),
        axis.describe(span)
    ));
    detail::push(out, span, axis);
    out.push_str("</details></li>\n");
}

pub(super) fn push_fold(
    out: &mut String,
    fold: &Fold,
    depth: usize,
    trace: &TraceView<'_>,
    axis: &TimeAxis<'_>,
) {
    let class = if fold.count_failures(trace) > 0 {
        "fold bad"
    } else {
        "fold"
    };
    begin(out, class, depth);
    let (start, end) = fold.range(trace);
    let time = fold.duration(trace).map(duration).unwrap_or_default();
    parts(
        out,
        depth,
        fold.name(trace).trim_start_matches("▸ "),
        &fold.layer(trace),
        &time,
        &axis.bar(start, end),
    );
    let notes: Vec<_> = fold
        .notes(trace)
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    out.push_str(&format!(
        "<span class=\"x\">{}</span><span class=\"w\">show them</span></summary>\n<ol>\n",
        escape(&notes.join(" · "))
    ));
    let shallowest = fold
        .spans
        .iter()
        .map(|index| trace.spans[*index].depth)
        .min()
        .unwrap_or(0);
    for span in fold.spans.iter().map(|index| &trace.spans[*index]) {
        push_span(out, span, depth + span.depth - shallowest, axis);
    }
    out.push_str("</ol></details></li>\n");
}
