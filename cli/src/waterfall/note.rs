//! The text beside the bar of a span: its outcome, or the values worth showing.

use crate::call::CallOutcome;
use crate::format::duration;
use crate::style::Tone;
use crate::trace_view::SpanView;

use super::line::Line;
use super::reasons::error_text;

/// Between the outcome and the values.
const GAP: &str = "  ";

/// Adds the note of a span to its line: a second value only if it fits whole.
pub(super) fn push(line: &mut Line<'_>, span: &SpanView<'_>) {
    let outcome = outcome(span);
    line.push(span.call.outcome.tone(), &outcome);
    let mut lead = if outcome.is_empty() { "" } else { GAP };
    for (index, value) in values(span).iter().enumerate() {
        let text = format!("{lead}{value}");
        if index == 0 || line.has_room_for(&text) {
            line.push(Tone::Dim, &text);
        }
        lead = ", ";
    }
}

/// Returns the note as plain text.
pub(crate) fn text(span: &SpanView<'_>) -> String {
    let values = values(span).join(", ");
    let outcome = outcome(span);
    let gap = if outcome.is_empty() || values.is_empty() {
        ""
    } else {
        GAP
    };
    format!("{outcome}{gap}{values}")
}

/// Returns the values of a span; none of a failure, whose note is its error.
fn values(span: &SpanView<'_>) -> Vec<String> {
    if span.call.outcome.is_failure() {
        Vec::new()
    } else {
        span.call.values()
    }
}

fn outcome(span: &SpanView<'_>) -> String {
    let outcome = span.call.outcome;
    let mark = outcome.mark();
    match outcome {
        CallOutcome::Success => String::new(),
        CallOutcome::Failed | CallOutcome::Panicked => format!("{mark} {}", error(span)),
        CallOutcome::Empty => format!("{mark} empty"),
        CallOutcome::Cancelled => format!("{mark} cancelled"),
        CallOutcome::Slow => format!("{mark} slow{}", over(span.call.threshold())),
        CallOutcome::Unfinished => format!("{mark} no end recorded"),
    }
}

fn over(threshold: Option<f64>) -> String {
    threshold
        .map(|ms| format!(" (over {})", duration(ms)))
        .unwrap_or_default()
}

/// Returns the type and the message of the error; only the type if the error began in another span.
fn error(span: &SpanView<'_>) -> String {
    match (&span.call.error, span.call.outcome) {
        (Some(error), _) if span.call.passes_error_on => error.error_type.clone(),
        (Some(error), _) => error_text(error),
        (None, CallOutcome::Panicked) => "panicked".to_owned(),
        (None, _) => "failed".to_owned(),
    }
}
