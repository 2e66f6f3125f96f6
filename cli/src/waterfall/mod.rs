//! Draws a trace: one line for each span with its position in the tree, a bar to scale, and its outcome.

mod bar;
mod branches;
mod cells;
mod critical_path;
mod events;
pub(crate) mod fold;
mod layout;
mod line;
pub(crate) mod note;
pub(crate) mod outline;
pub(crate) mod reasons;
pub(crate) mod request;
mod selection;
mod view;

use ragspan_store::{StoredRecord, short_id};

use crate::call::CallOutcome;
use crate::format::count;
use crate::style::{Style, Tone};
use crate::text::safe;
use crate::trace_view::{SpanView, TraceView};

use cells::{fold_name, fold_time, name, time};
use fold::Fold;
use layout::Layout;
use line::{INDENT, Line, paragraph};
use outline::{Content, Row};
use reasons::reasons;
use request::{ending, requester};

pub use view::View;

/// Returns the waterfall of these records, without events; empty if there are no records.
#[must_use]
pub fn render(records: &[StoredRecord], style: &Style) -> String {
    render_as(records, &View::default(), style)
}

/// Returns the waterfall of these records, as much of it as `view` selects; empty if there are no records.
#[must_use]
pub fn render_as(records: &[StoredRecord], view: &View, style: &Style) -> String {
    if records.is_empty() {
        return String::new();
    }
    let trace = TraceView::of(records);
    let rows = outline::rows(&trace, view, style.width);
    let layout = Layout::of(&trace, &rows, style.width);
    let mut out = header(records, &trace, style);
    let all_events = view.all || rows.len() == trace.spans.len();
    for row in &rows {
        match &row.content {
            Content::Span(index) => {
                let span = &trace.spans[*index];
                out.push_str(&span_line(span, row, trace.range, &layout, style));
                if view.events {
                    let inset = row.branches.chars().count();
                    out.push_str(&events::of_span(span, inset, all_events, style));
                }
            }
            Content::Fold(fold) => out.push_str(&fold_line(fold, row, &trace, &layout, style)),
        }
    }
    if view.events {
        let unattached = trace.unattached_events.iter();
        unattached.for_each(|event| out.push_str(&events::unattached(event, style)));
    }
    out.push_str(&footer(&trace, style));
    out.push_str(&fold_summary(&rows, &trace, style));
    out
}

fn header(records: &[StoredRecord], trace: &TraceView<'_>, style: &Style) -> String {
    let id = records.iter().find_map(|record| record.trace_id.as_deref());
    let id = id.map_or_else(|| "no trace id".to_owned(), |id| safe(&short_id(id)));
    let mut line = Line::new(style);
    line.push(Tone::Strong, &id).push(Tone::Plain, "  ");
    match trace.root() {
        Some(root) => {
            line.push(Tone::Strong, &root.call.operation)
                .push(Tone::Plain, "  ");
            line.push(root.call.outcome.tone(), &ending(root));
        }
        None => _ = line.push(Tone::Plain, &format!("{} records, no span", records.len())),
    }
    with_requester(line, &requester(records, trace), style)
}

/// Adds the requester to the line if there is room, and below it otherwise.
fn with_requester(mut line: Line<'_>, requester: &str, style: &Style) -> String {
    const GAP: &str = "   ";
    if requester.is_empty() {
        return line.end();
    }
    if line.has_room_for(GAP) && line.has_room_for(&format!("{GAP}{requester}")) {
        line.push(Tone::Plain, GAP).push(Tone::Dim, requester);
        return line.end();
    }
    let mut out = line.end();
    out.push_str(&paragraph(requester, Tone::Dim, style));
    out
}

fn span_line(
    span: &SpanView<'_>,
    row: &Row,
    range: (i64, i64),
    layout: &Layout,
    style: &Style,
) -> String {
    let outcome = span.call.outcome;
    let bar_tone = if outcome == CallOutcome::Success {
        Tone::Plain
    } else {
        outcome.tone()
    };
    let bar = bar::bar(span.start_us, span.end_us, range, layout.bar);
    let mut line = Line::new(style);
    line.push(Tone::Plain, INDENT)
        .left(Tone::Plain, &name(span, row), layout.name)
        .left(Tone::Dim, &span.call.layer, layout.layer)
        .right(Tone::Plain, &time(span), layout.time)
        .left(bar_tone, &bar, layout.bar);
    note::push(&mut line, span);
    line.end()
}

/// The bar is left out where the notes need its room: the number of failures must be readable.
fn fold_line(
    fold: &Fold,
    row: &Row,
    trace: &TraceView<'_>,
    layout: &Layout,
    style: &Style,
) -> String {
    let mut line = Line::new(style);
    line.push(Tone::Plain, INDENT)
        .left(Tone::Dim, &fold_name(fold, trace, row), layout.name)
        .left(Tone::Dim, &fold.layer(trace), layout.layer)
        .right(Tone::Plain, &fold_time(fold, trace), layout.time);
    let (start, end) = fold.range(trace);
    let bar = bar::bar(start, end, trace.range, layout.bar).replace(|c| c != ' ', "░");
    if layout.bar + line::GAP + fold.note_width(trace) <= line.room() {
        line.left(Tone::Dim, &bar, layout.bar);
    }
    fold.push_notes(trace, &mut line);
    line.end()
}

/// Returns the number of spans that are folded, and of the failures among them.
fn fold_summary(rows: &[Row], trace: &TraceView<'_>, style: &Style) -> String {
    let folds = || {
        rows.iter().filter_map(|row| match &row.content {
            Content::Fold(fold) => Some(fold),
            Content::Span(_) => None,
        })
    };
    let hidden: usize = folds().map(|fold| fold.spans.len()).sum();
    if hidden == 0 {
        return String::new();
    }
    let failed: usize = folds().map(|fold| fold.count_failures(trace)).sum();
    let among = if failed > 0 {
        format!(" ({} failed)", count(failed))
    } else {
        String::new()
    };
    let text = format!(
        "{} of {} spans shown, {} folded{among}: --all shows every span, --depth N and --slowest N choose",
        count(trace.spans.len() - hidden),
        count(trace.spans.len()),
        count(hidden),
    );
    paragraph(&text, Tone::Dim, style)
}

/// Returns the reasons for the failure, and what the mark of orphans means.
fn footer(trace: &TraceView<'_>, style: &Style) -> String {
    let mut out: String = reasons(trace)
        .iter()
        .map(|(tone, text)| paragraph(text, *tone, style))
        .collect();
    if trace.spans.iter().any(|span| span.is_orphan) {
        let text = "⋯ the parent is not recorded: it is in another service, or has not ended yet";
        out.push_str(&paragraph(text, Tone::Dim, style));
    }
    out
}

#[cfg(test)]
mod tests;
