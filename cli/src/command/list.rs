//! Lists of records: as tables, and as JSON.

use std::io::{self, Write};

use ragspan_store::StoredRecord;

use super::Scene;
use super::scene::Clock;
use crate::facts::{Facts, Failure, is_failure_level};
use crate::format::duration;
use crate::style::{Style, Tone};
use crate::table::{Cell, Column, Table};
use crate::text::{columns, cut, left, safe};

/// In fewer columns than this the message needs the room of the durations.
const NARROW: usize = 100;

/// One record a line.
pub(super) fn json_lines(records: &[StoredRecord], out: &mut dyn Write) -> io::Result<()> {
    records
        .iter()
        .try_for_each(|record| writeln!(out, "{}", record.to_json_line()))
}

/// One object with the trace's id and its records, each on a line of its own.
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

/// A table of records; empty where there are none.
pub(super) fn logs(records: &[StoredRecord], scene: &Scene) -> String {
    let style = &scene.style;
    let took = (style.width >= NARROW).then_some(Column::number("took"));
    let columns: Vec<_> = [
        Column::text(scene.zone_title()),
        Column::text("level"),
        Column::flexible("logger"),
    ]
    .into_iter()
    .chain(took)
    .chain([Column::text("trace"), Column::flexible("message")])
    .collect();
    let mut table = Table::new(&columns);
    let clock = scene.clock(records);
    for record in records {
        table.push(log_row(record, &clock, took.is_some()));
    }
    render(&table, style)
}

fn log_row(record: &StoredRecord, clock: &Clock, took: bool) -> Vec<Cell> {
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
pub(super) fn errors(records: &[StoredRecord], scene: &Scene) -> String {
    let mut table = Table::new(&[
        Column::text(scene.zone_title()),
        Column::text("trace"),
        Column::flexible("operation"),
        Column::flexible("error"),
        Column::flexible("message"),
    ]);
    let clock = scene.clock(records);
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
    render(&table, &scene.style)
}

/// A table of calls, as they come; empty where there are none.
pub(super) fn slow(records: &[StoredRecord], scene: &Scene) -> String {
    let wide = scene.style.width >= NARROW;
    let who = wide.then_some([Column::flexible("user"), Column::flexible("tenant")]);
    let columns: Vec<_> = [
        Column::text(scene.zone_title()),
        Column::text("trace"),
        Column::flexible("operation"),
        Column::flexible("layer"),
        Column::number("took"),
        Column::text("ended"),
    ]
    .into_iter()
    .chain(who.into_iter().flatten())
    .collect();
    let mut table = Table::new(&columns);
    let clock = scene.clock(records);
    for record in records {
        table.push(slow_row(record, &clock));
    }
    render(&table, &scene.style)
}

/// The last two cells are shown only where there is room for their columns.
fn slow_row(record: &StoredRecord, clock: &Clock) -> Vec<Cell> {
    let facts = Facts::of(record);
    let ended = format!("{} {}", facts.outcome.mark(), facts.outcome.word());
    vec![
        clock.show(record).into(),
        record.short_trace().unwrap_or_default().into(),
        facts.operation.into(),
        Cell::toned(&facts.layer, Tone::Dim),
        record.duration_ms.map(duration).unwrap_or_default().into(),
        Cell::toned(&ended, facts.outcome.tone()),
        record.user_id.as_deref().unwrap_or_default().into(),
        record.tenant_id.as_deref().unwrap_or_default().into(),
    ]
}

/// How wide the level and the logger of a single line are.
const LEVEL: usize = 8;
const LOGGER: usize = 16;

/// A record on a line of its own, for those who can't know how wide the next ones will be.
pub(super) fn line(record: &StoredRecord, scene: &Scene) -> String {
    let style = &scene.style;
    let time = safe(&scene.clock(std::slice::from_ref(record)).show(record));
    let trace = safe(&record.short_trace().unwrap_or_default());
    let logger = left(&safe(&record.logger), LOGGER);
    let used = columns(&time) + LEVEL + LOGGER + columns(&trace) + 8;
    let said = cut(
        &safe(&told(record)),
        style.width.saturating_sub(used).max(20),
    );
    let level = left(&safe(&record.level), LEVEL);
    let level = style.paint(level_tone(&record.level), &level);
    let trace = style.paint(Tone::Dim, &trace);
    format!("{time}  {level}  {logger}  {trace}  {said}\n")
}

fn render(table: &Table, style: &Style) -> String {
    if table.is_empty() {
        String::new()
    } else {
        table.render(style)
    }
}

/// The operation of a span; of an event, who said it.
fn place(record: &StoredRecord) -> String {
    if record.kind == "span" {
        Facts::of(record).operation
    } else {
        record.logger.clone()
    }
}

/// The message, and the error with it.
fn told(record: &StoredRecord) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{failed, fine};
    use crate::snapshot::check;

    fn scene(width: usize, now: &str) -> Scene {
        Scene {
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
        check("logs_80", &logs(&records, &scene(80, SAME_DAY)));
        check("logs_140", &logs(&records, &scene(140, NEXT_DAY)));
    }

    #[test]
    fn errors_are_a_table() {
        let event = StoredRecord {
            level: "ERROR".into(),
            ..failed()[2].clone()
        };
        let records = [failed()[0].clone(), event];
        check("errors_80", &errors(&records, &scene(80, SAME_DAY)));
        check("errors_140", &errors(&records, &scene(140, SAME_DAY)));
    }

    #[test]
    fn nothing_is_no_table() {
        let scene = scene(80, SAME_DAY);
        for table in [logs, errors, slow] {
            assert_eq!(table(&[], &scene), "");
        }
    }

    #[test]
    fn a_single_line_has_its_columns_where_all_others_have_them() {
        let odd = StoredRecord {
            message: "said \u{1b}[2J".repeat(40),
            ..failed()[0].clone()
        };
        let records = [odd, fine()[1].clone()];
        let lines = records.map(|record| line(&record, &scene(100, SAME_DAY)));
        assert!(
            lines
                .iter()
                .all(|line| columns(line.trim_end()) <= 100 && !line.contains('\u{1b}'))
        );
        let trace = |line: &String| line.find("01a2073ad001");
        assert_eq!(trace(&lines[0]), trace(&lines[1]));
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
