//! The lines of events.

use ragspan_store::StoredRecord;

use crate::call::is_failure_level;
use crate::format::{count, duration, offset_ms};
use crate::style::{Style, Tone};
use crate::text::safe;
use crate::trace_view::SpanView;

use super::line::{INDENT, Line};

/// The maximum number of events of a span in a folded trace.
const MAX_EVENTS: usize = 5;

/// Returns the lines of the events of a span, whose name begins after `inset` columns; all of them if `all` is set.
pub(super) fn of_span(span: &SpanView<'_>, inset: usize, all: bool, style: &Style) -> String {
    let most = if all { usize::MAX } else { MAX_EVENTS };
    let inset = " ".repeat(inset);
    let shown = span.events.iter().take(most);
    let mut out: String = shown
        .map(|event| {
            let after = duration(offset_ms(span.start_us, event.timestamp_us));
            line(&format!("{inset}  · +{after} "), event, style)
        })
        .collect();
    let left = span.events.len().saturating_sub(most);
    if left > 0 {
        let mut line = Line::new(style);
        line.push(
            Tone::Dim,
            &format!("{INDENT}{inset}  · {} more events", count(left)),
        );
        out.push_str(&line.end());
    }
    out
}

/// Returns the line of an event that belongs to no recorded span.
pub(super) fn unattached(event: &StoredRecord, style: &Style) -> String {
    line(&format!("· {} ", safe(&event.timestamp)), event, style)
}

fn line(lead: &str, event: &StoredRecord, style: &Style) -> String {
    let tone = match event.level.as_str() {
        "WARNING" => Tone::Odd,
        level if is_failure_level(level) => Tone::Bad,
        _ => Tone::Dim,
    };
    let mut line = Line::new(style);
    line.push(Tone::Plain, INDENT)
        .push(Tone::Dim, lead)
        .push(tone, &safe(&event.level));
    line.push(Tone::Dim, &format!(" {}: ", safe(&event.logger)));
    line.push(Tone::Plain, &safe(&event.message));
    line.end()
}
