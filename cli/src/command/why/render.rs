//! Renders the diagnosis of a request on one screen.

use ragspan_core::record::keys;
use ragspan_store::short_id;

use super::diagnosis::{Diagnosis, OtherFailures, SpanComparison, stack_trace};
use crate::call::CallOutcome;
use crate::command::context::RenderContext;
use crate::format::{duration, number};
use crate::stack_trace::StackTrace;
use crate::style::{Style, Tone};
use crate::table::{Cell, Column, Table};
use crate::text::{left, safe, wrap};
use crate::trace_view::SpanView;

/// The maximum number of spans, so that everything fits on one screen.
const MAX_SPANS: usize = 14;
const MAX_OTHERS: usize = 4;
/// The maximum number of frames of the user's own crates.
const MAX_FRAMES: usize = 6;
/// The multiple of the median from which on a duration is coloured.
const UNUSUAL: f64 = 3.0;
/// The width of the labels.
const LABEL: usize = 9;

/// Returns the screen; with `backtrace` also every frame of the failure's backtrace.
pub(super) fn render(
    diagnosis: &Diagnosis<'_>,
    trace_id: &str,
    backtrace: bool,
    context: &RenderContext,
) -> String {
    let style = &context.style;
    let mut out = header(diagnosis, trace_id, context);
    out.push('\n');
    out.push_str(&failure(diagnosis, backtrace, style));
    out.push('\n');
    out.push_str(&spans(diagnosis, style));
    out.push('\n');
    out.push_str(&others(diagnosis, style));
    out
}

fn header(diagnosis: &Diagnosis<'_>, trace_id: &str, context: &RenderContext) -> String {
    let style = &context.style;
    let id = style.paint(Tone::Strong, &safe(&short_id(trace_id)));
    let Some(root) = diagnosis.root else {
        return format!("{id}  no span of this trace has ended\n");
    };
    let outcome = root.call.outcome;
    let took = duration(root.record.duration_ms.unwrap_or(0.0));
    let ended = style.paint(
        outcome.tone(),
        &format!("{} {} after {took}", outcome.mark(), outcome.as_str()),
    );
    let when = context.date_format().format_micros(root.start_us);
    let first = format!(
        "{id}  {}  {ended}\n",
        style.paint(Tone::Strong, &root.call.operation)
    );
    let root = root.record;
    let requester = [
        root.user_id.as_deref().map(|user| format!("user {user}")),
        root.tenant_id
            .as_deref()
            .map(|tenant| format!("tenant {tenant}")),
        root.request_id.clone(),
        Some(format!("{when} {}", context.zone_title())),
    ];
    let requester = requester
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ");
    first + &lines(&safe(&requester), 0, Tone::Dim, style)
}

fn lines(text: &str, lead: usize, tone: Tone, style: &Style) -> String {
    let room = style.width.saturating_sub(lead).max(20);
    let painted = wrap(text, room)
        .into_iter()
        .map(|line| style.paint(tone, &line));
    let between = format!("\n{}", " ".repeat(lead));
    format!("{}\n", painted.collect::<Vec<_>>().join(&between))
}

fn field(label: &str, text: &str, tone: Tone, style: &Style) -> String {
    let label = style.paint(Tone::Dim, &left(label, LABEL));
    format!("{label}  {}", lines(text, LABEL + 2, tone, style))
}

/// Returns where the request failed, and the values of that record.
fn failure(diagnosis: &Diagnosis<'_>, backtrace: bool, style: &Style) -> String {
    let Some(failed) = diagnosis.failure else {
        return no_failure(diagnosis, style);
    };
    let (call, record) = (&failed.call, failed.record);
    let took = duration(record.duration_ms.unwrap_or(0.0));
    let origin = format!("{} ({}), after {took}", call.operation, call.layer);
    // A root that did not fail has handled the failure.
    let ended_request = diagnosis
        .root
        .is_none_or(|root| root.call.outcome.is_failure());
    let label = if ended_request {
        "failed in"
    } else {
        "handled"
    };
    let mut out = field(label, &origin, Tone::Plain, style);
    if let Some(error) = &call.error {
        let text = format!("{}: {}", error.error_type, error.message);
        out.push_str(&field("error", &text, Tone::Bad, style));
        for cause in &error.chain {
            out.push_str(&field("caused by", cause, Tone::Plain, style));
        }
    }
    out.push_str(&stack(&stack_trace(record), backtrace, style));
    let empty = operations(diagnosis, CallOutcome::Empty);
    if !empty.is_empty() {
        out.push_str(&field("empty", &empty.join(", "), Tone::Odd, style));
    }
    out + &values(failed, style)
}

/// Returns the annotated functions, the frames of the user's own crates, and the other frames only with `whole`.
fn stack(trace: &StackTrace, whole: bool, style: &Style) -> String {
    let mut out = String::new();
    if !trace.calls.is_empty() {
        let path = safe(&trace.calls.join(" → "));
        out.push_str(&field("path", &path, Tone::Plain, style));
    }
    let own = trace.own_frames();
    for (index, frame) in own.iter().take(MAX_FRAMES).enumerate() {
        let label = if index == 0 { "frames" } else { "" };
        out.push_str(&field(label, &safe(frame), Tone::Plain, style));
    }
    if whole {
        let lines = trace
            .backtrace
            .iter()
            .map(|line| format!("  {}\n", safe(line)));
        out.extend(lines);
    } else if !trace.backtrace.is_empty() {
        let label = if own.is_empty() { "frames" } else { "" };
        let more = "all frames: `ragspan why ID --backtrace`";
        out.push_str(&field(label, more, Tone::Dim, style));
    }
    out
}

/// Returns the operations with this outcome.
fn operations(diagnosis: &Diagnosis<'_>, outcome: CallOutcome) -> Vec<String> {
    let spans = diagnosis.spans.iter();
    let ended = spans.filter(|compared| compared.span.call.outcome == outcome);
    ended
        .map(|compared| compared.span.call.operation.clone())
        .collect()
}

/// The fields of a record that are shown above its values.
const SHOWN_ABOVE: [&str; 3] = [
    keys::OPERATION.name,
    keys::STATUS.name,
    keys::DURATION_MS.name,
];

/// Returns the context and the metrics of the failure's record.
fn values(failed: &SpanView<'_>, style: &Style) -> String {
    let fields = [&failed.record.context, &failed.record.metrics]
        .into_iter()
        .filter_map(|text| serde_json::from_str::<serde_json::Value>(text).ok())
        .filter_map(|value| value.as_object().cloned())
        .flatten()
        .filter(|(name, _)| !SHOWN_ABOVE.contains(&name.as_str()));
    let shown: Vec<_> = fields
        .map(|(name, value)| safe(&format!("{name}={value}")))
        .collect();
    if shown.is_empty() {
        return String::new();
    }
    field("record", &shown.join(" "), Tone::Plain, style)
}

/// Returns what was unusual about a request without a failure.
fn no_failure(diagnosis: &Diagnosis<'_>, style: &Style) -> String {
    let mut out = field(
        "failures",
        "none: no span of this trace failed",
        Tone::Good,
        style,
    );
    for outcome in [
        CallOutcome::Empty,
        CallOutcome::Slow,
        CallOutcome::Cancelled,
    ] {
        let spans = operations(diagnosis, outcome);
        if !spans.is_empty() {
            out.push_str(&field(
                outcome.as_str(),
                &spans.join(", "),
                outcome.tone(),
                style,
            ));
        }
    }
    out
}

/// Returns the table of spans with the medians of their operations; of many spans the most unusual.
fn spans(diagnosis: &Diagnosis<'_>, style: &Style) -> String {
    let mut table = Table::new(&[
        Column::flexible("span"),
        Column::flexible("layer"),
        Column::text("ended"),
        Column::number("took"),
        Column::number("median 24 h"),
        Column::number("×"),
        Column::number("of calls"),
    ]);
    let shown = most_unusual(&diagnosis.spans);
    for (index, compared) in diagnosis.spans.iter().enumerate() {
        if shown.contains(&index) {
            table.push(span_row(compared));
        }
    }
    let mut text = table.render(style);
    let left_out = diagnosis.spans.len() - shown.len();
    if left_out > 0 {
        let more = format!("{left_out} ordinary spans are left out: `ragspan trace` shows all");
        text.push_str(&lines(&more, 0, Tone::Dim, style));
    }
    text
}

/// Returns the indexes of the spans to show: failures, then other unusual outcomes, then those farthest from their medians.
fn most_unusual(spans: &[SpanComparison<'_>]) -> Vec<usize> {
    let mut indexes: Vec<_> = (0..spans.len()).collect();
    let rank = |index: &usize| {
        spans.get(*index).map_or((true, true, 0.0), |compared| {
            let outcome = compared.span.call.outcome;
            let is_unusual = outcome != CallOutcome::Success || compared.span.depth == 0;
            let distance = compared
                .times_median()
                .map_or(0.0, |times| times.max(1.0 / times.max(1e-9)));
            (!outcome.is_failure(), !is_unusual, -distance)
        })
    };
    indexes.sort_by(|a, b| {
        let (a, b) = (rank(a), rank(b));
        (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
    });
    indexes.truncate(MAX_SPANS);
    indexes
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 9e15 calls")]
fn span_row(compared: &SpanComparison<'_>) -> Vec<Cell> {
    let span = compared.span;
    let outcome = span.call.outcome;
    let times = compared.times_median();
    let tone = match times {
        Some(times) if times >= UNUSUAL => Tone::Odd,
        _ => Tone::Plain,
    };
    vec![
        format!("{}{}", "  ".repeat(span.depth.min(8)), span.call.operation).into(),
        Cell::toned(&span.call.layer, Tone::Dim),
        Cell::toned(
            &format!("{} {}", outcome.mark(), outcome.as_str()),
            outcome.tone(),
        ),
        span.record
            .duration_ms
            .map(duration)
            .unwrap_or_default()
            .into(),
        compared.median_ms.map(duration).unwrap_or_default().into(),
        Cell::toned(
            &times.map(|times| format!("{times:.1}")).unwrap_or_default(),
            tone,
        ),
        number(compared.calls as f64).into(),
    ]
}

fn others(diagnosis: &Diagnosis<'_>, style: &Style) -> String {
    let others = &diagnosis.others;
    if others.is_empty() {
        return lines("nothing else failed in that minute", 0, Tone::Good, style);
    }
    let failures: usize = others.iter().map(|other| other.failures).sum();
    let title = format!("in that minute {failures} other failures:");
    let mut text = lines(&title, 0, Tone::Plain, style);
    for other in others.iter().take(MAX_OTHERS) {
        text.push_str("  ");
        text.push_str(&lines(&other_failures(other), 2, Tone::Bad, style));
    }
    let more = others.len().saturating_sub(MAX_OTHERS);
    if more > 0 {
        text.push_str(&lines(
            &format!("  and {more} more kinds"),
            0,
            Tone::Dim,
            style,
        ));
    }
    text
}

fn other_failures(other: &OtherFailures) -> String {
    let error_type = other.error_type.as_deref().unwrap_or("an error");
    let trace = other.trace_id.as_deref().map(short_id).unwrap_or_default();
    safe(&format!(
        "{} × {error_type} in {} ({}), such as {trace}",
        other.failures, other.operation, other.layer
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::failed;
    use crate::trace_view::TraceView;

    const PANIC: &str = "answer (/home/ada/rag/src/answer.rs:48)
   0: __rustc::rust_begin_unwind
             at /rustc/ded5c06c/library/std/src/panicking.rs:689:5
   1: rag::answer::{{closure}}
             at ./src/answer.rs:50:9
   2: ragspan::span::call::Call::run
             at /home/ada/.cargo/registry/src/index-1949cf8c6b5b557f/ragspan-0.1.0/src/span/call.rs:7:9";

    fn shown(backtrace: bool) -> String {
        let mut records = failed();
        records[0].stack_trace = Some(PANIC.to_owned());
        let trace = TraceView::of(&records);
        let diagnosis = Diagnosis::of(&trace, &[], &[]);
        stack(
            &stack_trace(diagnosis.failure.expect("a failure").record),
            backtrace,
            &Style::PLAIN,
        )
    }

    #[test]
    fn a_panic_shows_its_path_and_the_frames_of_the_users_own_crate() {
        let expected = "path       answer (rag/src/answer.rs:48)\nframes     rag::answer (src/answer.rs:50)\n           \
                        all frames: `ragspan why ID --backtrace`\n";
        assert_eq!(shown(false), expected);
    }

    #[test]
    fn every_frame_is_shown_on_demand_without_paths_of_the_build_machine() {
        let shown = shown(true);
        assert!(
            shown.contains("  0: __rustc::rust_begin_unwind\n"),
            "{shown}"
        );
        assert!(
            shown.contains("at ragspan-0.1.0/src/span/call.rs:7:9\n"),
            "{shown}"
        );
        assert!(
            !shown.contains("at /") && !shown.contains("all frames"),
            "{shown}"
        );
    }
}
