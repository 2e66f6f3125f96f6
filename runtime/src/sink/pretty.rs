//! Formats records as human-readable lines: one line per record, and an error's chain below it.

use std::fmt::{self, Write as _};

use crate::record::{Failure, Level, Record, escape, rfc3339};
use crate::value::{Fields, Text, Value};
use ragspan_core::record::keys;

/// The most characters of a field's text.
const MAX_FIELD: usize = 120;

/// The most characters of a message.
const MAX_MESSAGE: usize = 10 * MAX_FIELD;

/// The column of the message; the lines of an error are indented to it.
const INDENT: usize = 36;

/// How records are formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Aligned columns with the layer and the trace, or else one short line.
    pub(super) aligned: bool,
    pub(super) color: bool,
}

/// Appends the record's line or lines to `out`.
pub(super) fn write(record: &Record, style: Style, out: &mut String) {
    let mut writer = LineWriter { out, style };
    if style.aligned {
        writer.aligned(record);
    } else {
        writer.compact(record);
    }
}

struct LineWriter<'a> {
    out: &'a mut String,
    style: Style,
}

impl LineWriter<'_> {
    fn aligned(&mut self, record: &Record) {
        self.time(record, 23);
        self.level(record.level, 8);
        let logger = record.logger();
        let logger = logger.strip_prefix("rag.").unwrap_or(&logger);
        self.paint(DIM, format_args!(" {:<13}", Printable(logger, MAX_FIELD)));
        self.message(record);
        self.fields(record);
        if let Some(trace) = record.trace_id {
            self.paint(DIM, format_args!("  {}", trace.short()));
        }
        self.out.push('\n');
        if let Some(failure) = &record.failure {
            self.failure(record, failure);
        }
    }

    fn compact(&mut self, record: &Record) {
        self.time(record, 19);
        self.level(record.level, 0);
        self.put(format_args!(
            " {}",
            Printable(&record.message_text(), MAX_MESSAGE)
        ));
        if let Some(micros) = record.duration {
            self.put(format_args!(" {}", HumanDuration(micros)));
        }
        self.fields(record);
        if let Some(failure) = &record.failure {
            self.put(format_args!(" {}:", failure.kind.label()));
            for text in std::iter::once(&failure.message).chain(&failure.chain) {
                let text = record.fields.text.get(*text);
                self.put(format_args!(" {}", Printable(text, MAX_MESSAGE)));
            }
        }
        self.out.push('\n');
    }

    /// Writes the time of day, up to this index in the timestamp.
    fn time(&mut self, record: &Record, end: usize) {
        let time = rfc3339(record.timestamp);
        let clock = time.get(11..end).map(std::str::from_utf8);
        let clock = clock.and_then(Result::ok).unwrap_or_default();
        self.paint(DIM, format_args!("{clock}"));
    }

    fn level(&mut self, level: Level, width: usize) {
        self.out.push(' ');
        self.paint(color_of(level), format_args!("{:<width$}", level.as_str()));
    }

    fn message(&mut self, record: &Record) {
        let text = record.message_text();
        let message = Printable(&text, MAX_MESSAGE);
        let Some(micros) = record.duration else {
            return self.put(format_args!(" {message}"));
        };
        let style = if record.level >= Level::Error {
            BOLD
        } else {
            PLAIN
        };
        self.paint(style, format_args!(" {message:<32}"));
        self.put(format_args!(" {:>9}", HumanDuration(micros)));
    }

    /// Writes the record's own fields. The fields of the request are left out, since every record of the request has
    /// them.
    fn fields(&mut self, record: &Record) {
        for (index, (name, value)) in record.fields.iter().enumerate() {
            let mut later = record.fields.iter().skip(index + 1);
            if later.any(|(later, _)| later == name) || is_time_breakdown(name) {
                continue;
            }
            let name = name.strip_prefix("metrics.").unwrap_or(name);
            let value = FieldValue(&record.fields, value);
            let gap = if self.style.aligned { "  " } else { " " };
            self.paint(
                DIM,
                format_args!("{gap}{}={value}", Printable(name, MAX_FIELD)),
            );
        }
    }

    fn failure(&mut self, record: &Record, failure: &Failure) {
        let label = failure.kind.label();
        self.error_line("", label, &record.fields, failure.message);
        for (index, source) in failure.chain.iter().enumerate() {
            if failure.left_out > 0 && index + 1 == failure.chain.len() {
                let left_out = failure.left_out;
                self.put(format_args!(
                    "{:INDENT$}  ({left_out} sources left out)\n",
                    ""
                ));
            }
            self.error_line("  ", "caused by", &record.fields, *source);
        }
    }

    fn error_line(&mut self, indent: &str, label: &str, fields: &Fields, text: Text) {
        self.put(format_args!("{:INDENT$}{indent}", ""));
        let color = color_of(Level::Error);
        self.paint(color, format_args!("↳ {}", Printable(label, MAX_FIELD)));
        let text = Printable(fields.text.get(text), MAX_MESSAGE);
        self.put(format_args!(": {text}\n"));
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        // Writing to a string never fails.
        let _written = self.out.write_fmt(text);
    }

    fn paint(&mut self, style: &str, text: fmt::Arguments<'_>) {
        if self.style.color && !style.is_empty() {
            self.put(format_args!("\x1b[{style}m{text}\x1b[0m"));
        } else {
            self.put(text);
        }
    }
}

const PLAIN: &str = "";
const BOLD: &str = "1";
const DIM: &str = "2";

fn color_of(level: Level) -> &'static str {
    match level {
        Level::Trace | Level::Debug => DIM,
        Level::Info => "32",
        Level::Warning => "33",
        Level::Error => "31",
        Level::Critical => "1;31",
    }
}

/// Text with control characters escaped, cut at a number of characters.
struct Printable<'a>(&'a str, usize);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut escaped = Vec::new();
        let mut rest = self.0.chars();
        for character in rest.by_ref().take(self.1) {
            let mut buffer = [0; 4];
            let text = character.encode_utf8(&mut buffer);
            if escape::is_unsafe_to_print(character) {
                escape::write(text, &mut escaped);
            } else {
                escaped.extend_from_slice(text.as_bytes());
            }
        }
        if rest.next().is_some() {
            escaped.extend_from_slice("…".as_bytes());
        }
        out.pad(&String::from_utf8_lossy(&escaped))
    }
}

/// A field's value. Text that is empty, or contains a space, `=` or a quotation mark, is put in quotation marks.
struct FieldValue<'a>(&'a Fields, Value);

impl fmt::Display for FieldValue<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Value::Bool(value) => value.fmt(out),
            Value::I64(value) => value.fmt(out),
            Value::U64(value) => value.fmt(out),
            Value::I128(value) => value.fmt(out),
            Value::U128(value) => value.fmt(out),
            Value::F64(value) => value.fmt(out),
            Value::Text(text) => {
                let text = self.0.text.get(text);
                let bare = !text.is_empty() && !text.contains([' ', '=', '"']);
                let mark = if bare { "" } else { "\"" };
                write!(out, "{mark}{}{mark}", Printable(text, MAX_FIELD))
            }
        }
    }
}

/// A number of microseconds, displayed in the unit that fits its size.
struct HumanDuration(u64);

impl fmt::Display for HumanDuration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0;
        let text = match micros {
            0..1_000 => format!("{micros} µs"),
            1_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
            1_000_000..60_000_000 => {
                format!(
                    "{}.{:02} s",
                    micros / 1_000_000,
                    micros % 1_000_000 / 10_000
                )
            }
            _ => format!("{} m {:02} s", micros / 60_000_000, micros / 1_000_000 % 60),
        };
        out.pad(&text)
    }
}

/// Returns whether a field is left out: the self times of a request are for dashboards and the command, and would hide
/// the other fields of a line.
fn is_time_breakdown(name: &str) -> bool {
    name == keys::SPANS.field || name.starts_with(keys::SELF_MS_FIELD_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Layer, SpanId, TraceId};
    use crate::record::{ErrorKind, Kind, Outcome};

    fn formatted(records: &[Record], aligned: bool, color: bool) -> String {
        let mut out = String::new();
        for record in records {
            write(record, Style { aligned, color }, &mut out);
        }
        out
    }

    fn search() -> Record {
        let mut record = Record {
            kind: Kind::Span,
            level: Level::Info,
            timestamp: 1_764_801_930_123_456,
            operation: "hybrid_search",
            layer: Some(Layer::Retrieval),
            duration: Some(58_412),
            trace_id: Some(TraceId::from(SpanId::from_bytes([7; 16]))),
            ..Record::default()
        };
        record.fields.push("top_k", Value::U64(20));
        record.fields.push("metrics.best_score", Value::F64(0.81));
        record.fields.push_text("filter", "year = 2025");
        record
    }

    fn failed() -> Record {
        let mut record = Record {
            level: Level::Error,
            operation: "answer",
            layer: Some(Layer::Api),
            duration: Some(1_237_000),
            outcome: Outcome::Error,
            ..search()
        };
        record.fields.clear();
        let text = &mut record.fields.text;
        record.failure = Some(Failure {
            kind: ErrorKind::Label("no_context"),
            message: text.push("no context found"),
            chain: vec![
                text.push("retrieval came back empty"),
                text.push("index\nis gone"),
            ],
            ..Failure::default()
        });
        record
    }

    fn event() -> Record {
        let mut record = Record {
            level: Level::Warning,
            timestamp: 1_764_801_931_000_000,
            target: "my_crate::index",
            ..Record::default()
        };
        record.message = Some(
            record
                .fields
                .text
                .push("slow disk \u{1b}[31m\u{202e}\n\"b\""),
        );
        record.fields.push_text("path", "/var/lib");
        record
    }

    #[test]
    fn the_aligned_style_has_columns_and_the_error_s_chain_below() {
        assert_eq!(
            formatted(&[search(), failed(), event()], true, false),
            "\
22:45:30.123 INFO     retrieval     hybrid_search_complete             58.4 ms  top_k=20  best_score=0.81  filter=\"year = 2025\"  070707070707-070707
22:45:30.123 ERROR    api           answer_failed                       1.23 s  070707070707-070707
                                    ↳ no_context: no context found
                                      ↳ caused by: retrieval came back empty
                                      ↳ caused by: index\\nis gone
22:45:31.000 WARNING  my_crate::index slow disk \\u001b[31m\\u202e\\n\"b\"  path=/var/lib
"
        );
    }

    #[test]
    fn the_compact_style_is_one_short_line() {
        assert_eq!(
            formatted(&[search(), failed(), event()], false, false),
            "\
22:45:30 INFO hybrid_search_complete 58.4 ms top_k=20 best_score=0.81 filter=\"year = 2025\"
22:45:30 ERROR answer_failed 1.23 s no_context: no context found retrieval came back empty index\\nis gone
22:45:31 WARNING slow disk \\u001b[31m\\u202e\\n\"b\" path=/var/lib
"
        );
    }

    #[test]
    fn colour_does_not_change_the_text() {
        let plain = formatted(&[search(), failed(), event()], true, false);
        let colored = formatted(&[search(), failed(), event()], true, true);
        assert!(colored.contains("\x1b[31mERROR   \x1b[0m"), "{colored:?}");
        assert!(colored.contains("\x1b[2m  top_k=20\x1b[0m"), "{colored:?}");
        let codes = ["0", "1", "2", "31", "32", "33"].map(|code| format!("\x1b[{code}m"));
        let stripped = codes
            .iter()
            .fold(colored, |text, code| text.replace(code, ""));
        assert_eq!(stripped, plain);
    }

    #[test]
    fn a_duration_is_shown_in_the_unit_that_fits_its_size() {
        let durations = [7, 1_000, 999_999, 1_000_000, 125_000_000];
        let shown = durations.map(|micros| HumanDuration(micros).to_string());
        assert_eq!(shown, ["7 µs", "1.0 ms", "999.9 ms", "1.00 s", "2 m 05 s"]);
    }

    #[test]
    fn long_text_is_cut_and_the_last_of_two_values_is_shown() {
        let mut record = Record::default();
        record.fields.push("again", Value::U64(1));
        record.fields.push("again", Value::U64(2));
        record.fields.push_text("long", &"é".repeat(MAX_FIELD + 1));
        let line = formatted(&[record], false, false);
        assert!(
            line.contains(&format!("long={}…\n", "é".repeat(MAX_FIELD))),
            "{line}"
        );
        assert!(
            line.contains("again=2") && !line.contains("again=1"),
            "{line}"
        );
    }
}
