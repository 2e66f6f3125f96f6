//! Lists of records: as tables, and as JSON.

use std::io::{self, Write};

use ragspan::store::Stored;

use crate::facts::{Facts, Failure, is_failure_level};
use crate::format::duration;
use crate::style::{Style, Tone};
use crate::table::{Cell, Column, Table};

/// When: the title says in which zone.
const WHEN: &str = "UTC";
/// In fewer columns than this the message needs the room of the durations.
const NARROW: usize = 100;

/// One record a line.
pub(super) fn json_lines(records: &[Stored], out: &mut dyn Write) -> io::Result<()> {
    records
        .iter()
        .try_for_each(|record| writeln!(out, "{}", record.to_json_line()))
}

/// One object with the trace's id and its records, each on a line of its own.
pub(super) fn trace_json(id: &str, records: &[Stored], out: &mut dyn Write) -> io::Result<()> {
    let id = serde_json::Value::from(id);
    let lines: Vec<_> = records.iter().map(Stored::to_json_line).collect();
    writeln!(
        out,
        "{{\"trace_id\":{id},\"records\":[\n{}\n]}}",
        lines.join(",\n")
    )
}

/// A table of records; empty where there are none.
pub(super) fn logs(records: &[Stored], style: &Style, today: &str) -> String {
    let took = (style.width >= NARROW).then_some(Column::number("took"));
    let columns: Vec<_> = [
        Column::text(WHEN),
        Column::text("level"),
        Column::flexible("logger"),
    ]
    .into_iter()
    .chain(took)
    .chain([Column::text("trace"), Column::flexible("message")])
    .collect();
    let mut table = Table::new(&columns);
    let clock = Clock::of(records, today);
    for record in records {
        table.push(log_row(record, clock, took.is_some()));
    }
    render(&table, style)
}

fn log_row(record: &Stored, clock: Clock, took: bool) -> Vec<Cell> {
    let when: Cell = clock.show(record).into();
    let level = Cell::toned(&record.level, level_tone(&record.level));
    let duration: Cell = record.duration_ms.map(duration).unwrap_or_default().into();
    let trace = Cell::toned(&record.short_trace().unwrap_or_default(), Tone::Dim);
    [when, level, record.logger.as_str().into()]
        .into_iter()
        .chain(took.then_some(duration))
        .chain([trace, told(record).into()])
        .collect()
}

/// A table of failures; empty where there are none.
pub(super) fn errors(records: &[Stored], style: &Style, today: &str) -> String {
    let mut table = Table::new(&[
        Column::text(WHEN),
        Column::text("trace"),
        Column::flexible("operation"),
        Column::flexible("error"),
        Column::flexible("message"),
    ]);
    let clock = Clock::of(records, today);
    for record in records {
        let failure = Failure::of(record);
        let (kind, message) = match &failure {
            Some(failure) => (failure.kind.as_str(), failure.message.as_str()),
            None => ("", record.message.as_str()),
        };
        table.push(vec![
            clock.show(record).into(),
            record.short_trace().unwrap_or_default().into(),
            place(record).into(),
            Cell::toned(kind, Tone::Bad),
            message.into(),
        ]);
    }
    render(&table, style)
}

fn render(table: &Table, style: &Style) -> String {
    if table.is_empty() {
        String::new()
    } else {
        table.render(style)
    }
}

/// The operation of a span; of an event, who said it.
fn place(record: &Stored) -> String {
    if record.kind == "span" {
        Facts::of(record).operation
    } else {
        record.logger.clone()
    }
}

/// The message, and the error with it.
fn told(record: &Stored) -> String {
    match Failure::of(record) {
        Some(failure) => format!("{}: {}: {}", record.message, failure.kind, failure.message),
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

/// Shows the time alone where every record is of today, else the date too.
#[derive(Debug, Clone, Copy)]
struct Clock {
    from: usize,
}

impl Clock {
    fn of(records: &[Stored], today: &str) -> Self {
        let all_today = records
            .iter()
            .all(|record| record.timestamp.starts_with(today));
        Self {
            from: if all_today { 11 } else { 0 },
        }
    }

    /// A timestamp of another form is shown whole.
    fn show(self, record: &Stored) -> String {
        let timestamp = &record.timestamp;
        timestamp
            .get(self.from..19)
            .map_or_else(|| timestamp.clone(), |time| time.replace('T', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{failed, fine};
    use crate::snapshot::check;

    const WIDE: Style = Style {
        width: 140,
        color: false,
    };

    #[test]
    fn logs_are_a_table() {
        let records: Vec<_> = fine().into_iter().chain(failed()).collect();
        check("logs_80", &logs(&records, &Style::PLAIN, "2026-11-23"));
        check("logs_140", &logs(&records, &WIDE, "2026-11-24"));
    }

    #[test]
    fn errors_are_a_table() {
        let event = Stored {
            level: "ERROR".into(),
            ..failed()[2].clone()
        };
        let records = [failed()[0].clone(), event];
        check("errors_80", &errors(&records, &Style::PLAIN, "2026-11-23"));
        check("errors_140", &errors(&records, &WIDE, "2026-11-23"));
    }

    #[test]
    fn nothing_is_no_table() {
        assert_eq!(logs(&[], &WIDE, "2026-11-23"), "");
        assert_eq!(errors(&[], &WIDE, "2026-11-23"), "");
    }

    #[test]
    fn a_strange_timestamp_is_shown_whole() {
        let odd = Stored {
            timestamp: "ééééééééééé".into(),
            ..Stored::default()
        };
        assert!(logs(&[odd], &WIDE, "2026").contains("ééééééééééé"));
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
