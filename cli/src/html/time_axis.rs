//! The time axis of the page: positions and bars relative to the whole trace.

use ragspan_store::StoredRecord;

use crate::format::{duration, offset_ms};
use crate::trace_view::{SpanView, TraceView};

/// The width of the axis in units of the drawing.
const UNITS: f64 = 1000.0;
/// The minimum width of a bar, so that it is visible.
const MIN_WIDTH: f64 = 2.0;

/// The range of the trace, and its root.
#[derive(Debug)]
pub(super) struct TimeAxis<'a> {
    from: i64,
    to: i64,
    /// The record whose request fields are shown at the top of the page.
    pub(super) root: Option<&'a StoredRecord>,
}

impl<'a> TimeAxis<'a> {
    pub(super) fn of(records: &'a [StoredRecord], trace: &TraceView<'a>) -> Self {
        let (from, to) = trace.range;
        let root = trace.root().map(|root| root.record).or(records.first());
        Self { from, to, root }
    }

    fn length_ms(&self) -> f64 {
        offset_ms(self.from, self.to)
    }

    /// Returns the titles of the columns, and the times above the bars.
    pub(super) fn ticks(&self) -> String {
        let ticks: String = [0.0, 0.25, 0.5, 0.75]
            .iter()
            .map(|share| format!("<span>{}</span>", duration(self.length_ms() * share)))
            .collect();
        format!(
            "<div class=\"grid\" aria-hidden=\"true\"><span>operation</span><span>layer</span>\
             <span class=\"t\">time</span><span class=\"ticks\">{ticks}</span><span></span></div>\n"
        )
    }

    pub(super) fn bar(&self, start: i64, end: i64) -> String {
        let share = |time| match self.length_ms() {
            length if length > 0.0 => offset_ms(self.from, time) / length * UNITS,
            _ => 0.0,
        };
        let x = share(start).clamp(0.0, UNITS - MIN_WIDTH);
        let width = (share(end) - x).clamp(MIN_WIDTH, UNITS - x);
        format!(
            "<svg viewBox=\"0 0 1000 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect x=\"{x:.1}\" width=\"{width:.1}\" height=\"8\"/></svg>"
        )
    }

    /// Returns the start and the end of a span, and its share of the whole, as text.
    pub(super) fn describe(&self, span: &SpanView<'_>) -> String {
        let (start, end) = self.offsets(span);
        let share = match self.length_ms() {
            length if length > 0.0 => offset_ms(span.start_us, span.end_us) / length * 100.0,
            _ => 0.0,
        };
        format!("from {start} to {end}, {share:.0} %")
    }

    /// Returns the start and the end of a span as times since the start of the trace.
    pub(super) fn offsets(&self, span: &SpanView<'_>) -> (String, String) {
        let offset = |time| duration(offset_ms(self.from, time));
        (offset(span.start_us), offset(span.end_us))
    }
}
