//! Records on standard output: lines of JSON, or one short line for a person each.

use std::io::{self, IsTerminal, Write};

use super::{Batch, DeliveryError, Sink};
use crate::record::{Level, Record, rfc3339};

/// How records look on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One line of JSON a record.
    Json,
    /// One line for a person a record.
    Pretty,
    /// One short line for a person a record.
    Compact,
}

/// Writes to standard output, on a thread that may block: a reader that stalls stops nothing else.
#[derive(Debug)]
pub(crate) struct StdoutSink {
    pretty: bool,
    color: bool,
}

impl StdoutSink {
    pub(crate) fn new(format: Format) -> Self {
        let terminal = io::stdout().is_terminal();
        let pretty = format == Format::Pretty || format == Format::Auto && terminal;
        let color = terminal && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
        Self { pretty, color }
    }
}

impl Sink for StdoutSink {
    const NAME: &'static str = "stdout";

    async fn deliver(&mut self, batch: Batch) -> Result<(), DeliveryError> {
        let (pretty, color) = (self.pretty, self.color);
        let written = tokio::task::spawn_blocking(move || {
            if pretty {
                let lines: String = batch.records().map(|record| line(record, color)).collect();
                print(lines.as_bytes())
            } else {
                print(batch.json())
            }
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(DeliveryError::Permanent {
                source: error.into(),
            }),
            Err(lost) => Err(DeliveryError::Permanent {
                source: lost.into(),
            }),
        }
    }
}

fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

fn line(record: &Record, color: bool) -> String {
    let time = rfc3339(record.timestamp);
    let clock = std::str::from_utf8(&time[11..23]).unwrap_or_default();
    let level = paint(
        color,
        color_of(record.level),
        &format!("{:<8}", record.level.as_str()),
    );
    let logger = record.logger();
    let took = record
        .duration
        .map(|micros| format!(" {}.{:03} ms", micros / 1000, micros % 1000));
    let trace = record
        .trace_id
        .map(|trace| paint(color, "2", &format!("  {}", trace.short())));
    let (message, failure) = (printable(&record.message_text()), failure(record));
    let (took, trace) = (took.unwrap_or_default(), trace.unwrap_or_default());
    format!("{clock} {level} {logger:<16} {message}{took}{failure}{trace}\n")
}

fn failure(record: &Record) -> String {
    record.failure.as_ref().map_or_else(String::new, |failure| {
        let message = printable(record.fields.text.get(failure.message));
        format!("  {}: {message}", failure.kind.label())
    })
}

/// Without what a terminal would act on.
fn printable(text: &str) -> String {
    let mut json = Vec::new();
    crate::record::json::write_str(&mut json, text);
    let quoted = String::from_utf8_lossy(&json).into_owned();
    quoted.trim_matches('"').replace("\\\"", "\"")
}

fn paint(color: bool, code: &str, text: &str) -> String {
    if color {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

fn color_of(level: Level) -> &'static str {
    match level {
        Level::Trace | Level::Debug => "2",
        Level::Info => "32",
        Level::Warning => "33",
        Level::Error => "31",
        Level::Critical => "1;31",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Layer;
    use crate::record::Kind;

    #[test]
    fn a_person_sees_when_what_and_how_long_and_no_control_character() {
        let mut record = Record {
            kind: Kind::Span,
            operation: "hybrid_search",
            layer: Some(Layer::Retrieval),
            duration: Some(58_400),
            ..Record::default()
        };
        assert_eq!(
            line(&record, false),
            "00:00:00.000 INFO     rag.retrieval    hybrid_search_complete 58.400 ms\n"
        );
        record.kind = Kind::Event;
        record.message = Some(
            record
                .fields
                .text
                .print(format_args!("a\u{1b}[31m \"b\"\nc")),
        );
        assert!(line(&record, false).contains(r#"a\u001b[31m "b"\nc"#));
        assert_eq!(line(&record, false).matches('\n').count(), 1);
    }
}
