//! The stdout sink: writes records to standard output, as lines of JSON or as human-readable lines.

use std::io::{self, IsTerminal, Write};

use super::blocking::Blocking;
use super::pretty::{self, Style};
use super::{Batch, Sink, SinkError};

/// The format of records on standard output.
///
/// The two human-readable formats, `Pretty` and `Compact`, show a span or an event on one line and escape control
/// characters. On a terminal they are coloured unless `NO_COLOR` is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One line of JSON per record.
    Json,
    /// Aligned columns: time, level, layer, message, duration, fields and trace; an error's chain on the lines below.
    Pretty,
    /// One short line: time, level, message, duration, fields and error.
    Compact,
}

/// Writes records to standard output, on a thread that may block: a reader that stalls delays no other sink.
#[derive(Debug)]
pub(crate) struct StdoutSink {
    /// The style of human-readable lines; `None` for lines of JSON.
    style: Option<Style>,
    thread: Blocking,
}

impl StdoutSink {
    pub(crate) fn new(format: Format) -> Self {
        let terminal = io::stdout().is_terminal();
        let color = terminal && wants_color(|name| std::env::var_os(name));
        let is_aligned = match format {
            Format::Json => None,
            Format::Auto if !terminal => None,
            Format::Auto | Format::Pretty => Some(true),
            Format::Compact => Some(false),
        };
        Self {
            style: is_aligned.map(|aligned| Style { aligned, color }),
            thread: Blocking::new("ragspan-stdout"),
        }
    }
}

/// Returns whether the environment allows colour on a terminal.
fn wants_color(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    let no_color = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_color && variable("TERM").is_none_or(|terminal| terminal != "dumb")
}

impl Sink for StdoutSink {
    const NAME: &'static str = "stdout";

    async fn deliver(&mut self, batch: Batch) -> Result<(), SinkError> {
        let style = self.style;
        let written = self.thread.run(move || match style {
            None => print(&batch.json()),
            Some(style) => print(lines(&batch, style).as_bytes()),
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            // Some of the lines may have been written: a second attempt would write them twice.
            Ok(Err(error)) => Err(SinkError::Permanent {
                source: error.into(),
            }),
            Err(error) => Err(SinkError::Retryable {
                source: error.into(),
                after: None,
            }),
        }
    }
}

fn lines(batch: &Batch, style: Style) -> String {
    let mut lines = String::new();
    for entry in batch.entries() {
        pretty::write(entry.record, style, &mut lines);
    }
    lines
}

fn print(bytes: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_color_with_no_color_or_on_a_dumb_terminal() {
        let with = |name: &'static str, value: &'static str| {
            wants_color(move |variable| (variable == name).then(|| value.into()))
        };
        assert!(!with("NO_COLOR", "1") && !with("TERM", "dumb"));
        assert!(with("NO_COLOR", "") && with("TERM", "xterm-256color"));
    }
}
