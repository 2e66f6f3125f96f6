//! Renders lists of records: as tables, and as JSON.

use std::io::{self, Write};

use ragspan_store::StoredRecord;

use super::context::{RenderContext, TimeFormat};
use crate::call::{Call, CallError, is_failure_level};
use crate::format::duration;
use crate::style::{Style, Tone};
use crate::table::{Cell, Column, Table};
use crate::text::{columns, cut, left, right, safe};

/// The width from which on a single line has room for the logger and the trace.
const WIDE: usize = 120;

/// Writes one record a line.
pub(super) fn json_lines(records: &[StoredRecord], out: &mut dyn Write) -> io::Result<()> {
    records
        .iter()
        .try_for_each(|record| writeln!(out, "{}", record.to_json_line()))
}

/// Writes one object with the trace's id and its records, each on its own line.
pub(super) fn trace_json(
    id: &str,
    records: &[StoredRecord],
    out: &mut dyn Write,
) -> io::Result<()> {
    let id = serde_json::Value::from(id);
    let lines: Vec<_> = records.iter().map(StoredRecord::to_json_line).collect();
    writeln!(
        out,
        "{{\"trace_id\":{id},\"records\":[\n{}\n]}}",
        lines.join(",\n")
    )
}

/// Returns a table of records; empty if there are none. In a narrow terminal the logger and the trace are left out first.
pub(super) fn logs(records: &[StoredRecord], context: &RenderContext) -> String {
    let mut table = Table::new(&[
        Column::text(context.zone_title()),
        Column::text("level"),
        Column::flexible("user").optional(1),
        Column::text("status").optional(2),
        Column::number("took").optional(3),
        Column::text("trace").optional(4),
        Column::flexible("logger").at_least(12).optional(5),
        Column::flexible("message").at_least(20),
    ]);
    let times = context.time_format(records);
    for record in records {
        table.push(log_row(record, &times));
    }
    render(&table, &context.style)
}

fn log_row(record: &StoredRecord, times: &TimeFormat) -> Vec<Cell> {
    vec![
        times.format(record).into(),
        Cell::toned(&record.level, level_tone(&record.level)),
        record.user_id.as_deref().unwrap_or_default().into(),
        status(record),
        took(record).into(),
        Cell::toned(&record.short_trace().unwrap_or_default(), Tone::Dim),
        record.logger.as_str().into(),
        message_with_error(record).into(),
    ]
}

/// Returns the status of a call, in the word of its record; empty for an event and for a call that is running.
fn status(record: &StoredRecord) -> Cell {
    let span = record.span();
    match span.as_ref().and_then(|span| Some((span, span.outcome?))) {
        Some((span, outcome)) => {
            let tone = Call::of_span(span, record).outcome.tone();
            Cell::toned(outcome.status(), tone)
        }
        None => Cell::default(),
    }
}

fn took(record: &StoredRecord) -> String {
    record.duration_ms.map(duration).unwrap_or_default()
}

/// Returns a table of failures; empty if there are none.
pub(super) fn errors(records: &[StoredRecord], context: &RenderContext) -> String {
    let mut table = Table::new(&[
        Column::text(context.zone_title()),
        Column::text("trace"),
        Column::flexible("operation"),
        Column::flexible("error"),
        Column::flexible("message"),
    ]);
    let times = context.time_format(records);
    for record in records {
        let error = CallError::of(record);
        let (error_type, message) = match &error {
            Some(error) => (error.error_type.as_str(), error.message.as_str()),
            None => ("", record.message.as_str()),
        };
        table.push(vec![
            times.format(record).into(),
            record.short_trace().unwrap_or_default().into(),
            operation_or_logger(record).into(),
            Cell::toned(error_type, Tone::Bad),
            message.into(),
        ]);
    }
    render(&table, &context.style)
}

/// Returns a table of calls in the given order; empty if there are none.
pub(super) fn slow(records: &[StoredRecord], context: &RenderContext) -> String {
    let columns = [
        Column::text(context.zone_title()),
        Column::text("trace"),
        Column::flexible("operation").at_least(12),
        Column::flexible("layer").optional(2),
        Column::number("took"),
        Column::text("ended"),
        Column::flexible("user").optional(1),
        Column::flexible("tenant").optional(3),
    ];
    let mut table = Table::new(&columns);
    let times = context.time_format(records);
    for record in records {
        table.push(slow_row(record, &times));
    }
    render(&table, &context.style)
}

fn slow_row(record: &StoredRecord, times: &TimeFormat) -> Vec<Cell> {
    let call = Call::of(record);
    let ended = format!("{} {}", call.outcome.mark(), call.outcome.as_str());
    vec![
        times.format(record).into(),
        record.short_trace().unwrap_or_default().into(),
        call.operation.into(),
        Cell::toned(&call.layer, Tone::Dim),
        took(record).into(),
        Cell::toned(&ended, call.outcome.tone()),
        record.user_id.as_deref().unwrap_or_default().into(),
        record.tenant_id.as_deref().unwrap_or_default().into(),
    ]
}

/// The widths of the columns of a single line.
const LEVEL: usize = 8;
const USER: usize = 8;
const STATUS: usize = 9;
const TOOK: usize = 7;
const TRACE: usize = 19;
const LOGGER: usize = 16;

/// Returns one record as a line with fixed column widths: when following, the widths of later records are not known.
pub(super) fn line(record: &StoredRecord, context: &RenderContext) -> String {
    let style = &context.style;
    let times = context.time_format(std::slice::from_ref(record));
    let user = record.user_id.as_deref().unwrap_or_default();
    let mut cells = vec![
        (Cell::from(times.format(record)), 0),
        (Cell::toned(&record.level, level_tone(&record.level)), LEVEL),
        (user.into(), USER),
        (status(record), STATUS),
        (right(&took(record), TOOK).into(), TOOK),
    ];
    if style.width >= WIDE {
        let trace = record.short_trace().unwrap_or_default();
        cells.push((Cell::toned(&trace, Tone::Dim), TRACE));
        cells.push((record.logger.as_str().into(), LOGGER));
    }
    let (mut text, mut used) = (String::new(), 0);
    for (cell, width) in &cells {
        let width = (*width).max(if used == 0 { columns(cell.text()) } else { 0 });
        text.push_str(&style.paint(cell.tone(), &left(cell.text(), width)));
        text.push_str("  ");
        used += width + 2;
    }
    let room = style.width.saturating_sub(used).max(20);
    let message = cut(&safe(&message_with_error(record)), room);
    format!("{text}{message}\n")
}

fn render(table: &Table, style: &Style) -> String {
    if table.is_empty() {
        String::new()
    } else {
        table.render(style)
    }
}

/// Returns the operation of a span, or the logger of an event.
fn operation_or_logger(record: &StoredRecord) -> String {
    if record.kind == "span" {
        Call::of(record).operation
    } else {
        record.logger.clone()
    }
}

/// Returns the message, followed by the error if there is one.
fn message_with_error(record: &StoredRecord) -> String {
    match CallError::of(record) {
        Some(error) => format!(
            "{}: {}: {}",
            record.message, error.error_type, error.message
        ),
        None => record.message.clone(),
    }
}

fn level_tone(level: &str) -> Tone {
    match level {
        "WARNING" => Tone::Odd,
        "TRACE" | "DEBUG" => Tone::Dim,
        level if is_failure_level(level) => Tone::Bad,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{failed, fine};
    use crate::snapshot::check;

    fn context(width: usize, now: &str) -> RenderContext {
        RenderContext {
            style: Style {
                width,
                color: false,
            },
            now: now.parse().expect("a time"),
            zone: jiff::tz::TimeZone::UTC,
        }
    }

    const SAME_DAY: &str = "2026-11-23T12:00:00Z";
    const NEXT_DAY: &str = "2026-11-24T12:00:00Z";

    #[test]
    fn logs_are_a_table() {
        let records: Vec<_> = fine().into_iter().chain(failed()).collect();
        check("logs_80", &logs(&records, &context(80, SAME_DAY)));
        check("logs_140", &logs(&records, &context(140, NEXT_DAY)));
    }

    #[test]
    fn errors_are_a_table() {
        let event = StoredRecord {
            level: "ERROR".into(),
            ..failed()[2].clone()
        };
        let records = [failed()[0].clone(), event];
        check("errors_80", &errors(&records, &context(80, SAME_DAY)));
        check("errors_140", &errors(&records, &context(140, SAME_DAY)));
    }

    #[test]
    fn no_records_give_no_table() {
        let context = context(80, SAME_DAY);
        for table in [logs, errors, slow] {
            assert_eq!(table(&[], &context), "");
        }
    }

    #[test]
    fn a_single_line_has_the_columns_of_all_others() {
        let odd = StoredRecord {
            message: "text \u{1b}[2J".repeat(40),
            ..failed()[0].clone()
        };
        let records = [odd, fine()[1].clone()];
        let lines = records.map(|record| line(&record, &context(100, SAME_DAY)));
        assert!(
            lines
                .iter()
                .all(|line| columns(line.trim_end()) <= 100 && !line.contains('\u{1b}'))
        );
        let user = |line: &String| line.find("ada");
        assert_eq!(user(&lines[0]), user(&lines[1]));
        assert!(
            lines[0].contains("ERROR     ada       error        37 ms  "),
            "{lines:?}"
        );
        assert!(lines[1].ends_with("recall_history_complete\n"), "{lines:?}");
    }

    #[test]
    fn the_json_of_a_trace_is_one_object() {
        let mut out = Vec::new();
        trace_json("a\"b", &failed(), &mut out).expect("a vector takes all");
        let value: serde_json::Value = serde_json::from_slice(&out).expect("it is JSON");
        assert_eq!(value["trace_id"], "a\"b");
        assert_eq!(value["records"].as_array().map(Vec::len), Some(3));
    }
}
