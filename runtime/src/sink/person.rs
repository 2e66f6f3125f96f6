//! Records as a person reads them on a terminal: one line each, an error's chain below it.

use std::fmt::{self, Write as _};

use crate::record::{Failure, Level, Record, escape, rfc3339};
use crate::value::{Fields, Text, Value};
use ragspan_core::record::keys;

/// A field's text is shown so far; a message ten times as far.
const SHOWN: usize = 120;

/// Where the message begins, so that what belongs to an error stands below it.
const INDENT: usize = 36;

/// How much of a record is shown, and whether in colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Aligned, with the layer and the trace; else as short as can be.
    pub(super) pretty: bool,
    pub(super) color: bool,
}

/// Appends the record's line, or lines. A string takes whatever is written, so no result is looked at.
pub(super) fn write(record: &Record, look: Look, out: &mut String) {
    let mut page = Page { out, look };
    if look.pretty {
        page.pretty(record);
    } else {
        page.compact(record);
    }
}

struct Page<'a> {
    out: &'a mut String,
    look: Look,
}

impl Page<'_> {
    fn pretty(&mut self, record: &Record) {
        self.time(record, 23);
        self.level(record.level, 8);
        let logger = record.logger();
        let logger = logger.strip_prefix("rag.").unwrap_or(&logger);
        self.paint(DIM, format_args!(" {:<13}", Printable(logger, SHOWN)));
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
            Printable(&record.message_text(), SHOWN * 10)
        ));
        if let Some(micros) = record.duration {
            self.put(format_args!(" {}", Took(micros)));
        }
        self.fields(record);
        if let Some(failure) = &record.failure {
            self.put(format_args!(" {}:", failure.kind.label()));
            for text in std::iter::once(&failure.message).chain(&failure.chain) {
                let text = record.fields.text.get(*text);
                self.put(format_args!(" {}", Printable(text, SHOWN * 10)));
            }
        }
        self.out.push('\n');
    }

    /// The time of day, up to this place in the timestamp.
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
        let message = Printable(&text, SHOWN * 10);
        let Some(micros) = record.duration else {
            return self.put(format_args!(" {message}"));
        };
        let style = if record.level >= Level::Error {
            BOLD
        } else {
            PLAIN
        };
        self.paint(style, format_args!(" {message:<32}"));
        self.put(format_args!(" {:>9}", Took(micros)));
    }

    /// The fields of the record's own; those of the request stand in every record of it.
    fn fields(&mut self, record: &Record) {
        for (index, (name, value)) in record.fields.iter().enumerate() {
            let mut later = record.fields.iter().skip(index + 1);
            if later.any(|(later, _)| later == name) || is_bookkeeping(name) {
                continue;
            }
            let name = name.strip_prefix("metrics.").unwrap_or(name);
            let value = Shown(&record.fields, value);
            let gap = if self.look.pretty { "  " } else { " " };
            self.paint(DIM, format_args!("{gap}{}={value}", Printable(name, SHOWN)));
        }
    }

    fn failure(&mut self, record: &Record, failure: &Failure) {
        let label = failure.kind.label();
        self.below("", label, &record.fields, failure.message);
        for source in &failure.chain {
            self.below("  ", "caused by", &record.fields, *source);
        }
    }

    fn below(&mut self, indent: &str, label: &str, fields: &Fields, text: Text) {
        self.put(format_args!("{:INDENT$}{indent}", ""));
        let color = color_of(Level::Error);
        self.paint(color, format_args!("↳ {}", Printable(label, SHOWN)));
        let text = Printable(fields.text.get(text), SHOWN * 10);
        self.put(format_args!(": {text}\n"));
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        let _written = self.out.write_fmt(text);
    }

    fn paint(&mut self, style: &str, text: fmt::Arguments<'_>) {
        if self.look.color && !style.is_empty() {
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

/// Text without what a terminal would act on, and not longer than so many characters.
struct Printable<'a>(&'a str, usize);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut escaped = Vec::new();
        let mut rest = self.0.chars();
        for shown in rest.by_ref().take(self.1) {
            let mut buffer = [0; 4];
            let text = shown.encode_utf8(&mut buffer);
            if escape::is_unsafe_to_print(shown) {
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

/// A field's value; text in quotation marks where it would not be told from what follows.
struct Shown<'a>(&'a Fields, Value);

impl fmt::Display for Shown<'_> {
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
                write!(out, "{mark}{}{mark}", Printable(text, SHOWN))
            }
        }
    }
}

/// A duration in the unit that suits it, from microseconds.
struct Took(u64);

impl fmt::Display for Took {
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

/// Where a request's time went is for the page and the command; on a line it would hide the rest.
fn is_bookkeeping(name: &str) -> bool {
    name == keys::SPANS.field || name.starts_with(keys::SELF_MS_FIELD_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{Layer, SpanId, TraceId};
    use crate::record::{ErrorKind, Kind, Outcome};

    fn shown(records: &[Record], pretty: bool, color: bool) -> String {
        let mut out = String::new();
        for record in records {
            write(record, Look { pretty, color }, &mut out);
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
    fn pretty_is_aligned_and_tells_the_chain_below() {
        assert_eq!(
            shown(&[search(), failed(), event()], true, false),
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
    fn compact_is_one_short_line() {
        assert_eq!(
            shown(&[search(), failed(), event()], false, false),
            "\
22:45:30 INFO hybrid_search_complete 58.4 ms top_k=20 best_score=0.81 filter=\"year = 2025\"
22:45:30 ERROR answer_failed 1.23 s no_context: no context found retrieval came back empty index\\nis gone
22:45:31 WARNING slow disk \\u001b[31m\\u202e\\n\"b\" path=/var/lib
"
        );
    }

    #[test]
    fn in_colour_the_text_is_the_same() {
        let plain = shown(&[search(), failed(), event()], true, false);
        let colored = shown(&[search(), failed(), event()], true, true);
        assert!(colored.contains("\x1b[31mERROR   \x1b[0m"), "{colored:?}");
        assert!(colored.contains("\x1b[2m  top_k=20\x1b[0m"), "{colored:?}");
        let codes = ["0", "1", "2", "31", "32", "33"].map(|code| format!("\x1b[{code}m"));
        let stripped = codes
            .iter()
            .fold(colored, |text, code| text.replace(code, ""));
        assert_eq!(stripped, plain);
    }

    #[test]
    fn a_duration_has_the_unit_that_suits_it() {
        let took =
            [7, 1_000, 999_999, 1_000_000, 125_000_000].map(|micros| Took(micros).to_string());
        assert_eq!(took, ["7 µs", "1.0 ms", "999.9 ms", "1.00 s", "2 m 05 s"]);
    }

    #[test]
    fn long_text_is_cut_and_of_two_values_the_last_is_shown() {
        let mut record = Record::default();
        record.fields.push("again", Value::U64(1));
        record.fields.push("again", Value::U64(2));
        record.fields.push_text("long", &"é".repeat(SHOWN + 1));
        let line = shown(&[record], false, false);
        assert!(
            line.contains(&format!("long={}…\n", "é".repeat(SHOWN))),
            "{line}"
        );
        assert!(
            line.contains("again=2") && !line.contains("again=1"),
            "{line}"
        );
    }
}
