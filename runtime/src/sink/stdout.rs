//! Records on standard output: lines of JSON, or lines for a person.

use std::io::{self, IsTerminal, Write};

use super::blocking::Blocking;
use super::person::{self, Look};
use super::{Batch, DeliveryError, Sink};

/// How records look on standard output.
///
/// The two for people show a span or an event on one line, escape what a terminal would act on, and are coloured
/// on a terminal unless `NO_COLOR` is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One line of JSON a record.
    Json,
    /// Aligned: time, level, layer, message, duration, fields and trace; an error's chain on the lines below.
    Pretty,
    /// As short as can be: time, level, message, duration, fields and error, all on one line.
    Compact,
}

/// Writes to standard output, on a thread that may block: a reader that stalls stops nothing else.
#[derive(Debug)]
pub(crate) struct StdoutSink {
    /// For a person; else lines of JSON.
    look: Option<Look>,
    thread: Blocking,
}

impl StdoutSink {
    pub(crate) fn new(format: Format) -> Self {
        let terminal = io::stdout().is_terminal();
        let color = terminal && wants_color(|name| std::env::var_os(name));
        let look = match format {
            Format::Json => None,
            Format::Auto if !terminal => None,
            Format::Auto | Format::Pretty => Some(true),
            Format::Compact => Some(false),
        };
        Self {
            look: look.map(|pretty| Look { pretty, color }),
            thread: Blocking::new("ragspan-stdout"),
        }
    }
}

/// Whether a terminal with this environment is to be coloured.
fn wants_color(variable: impl Fn(&str) -> Option<std::ffi::OsString>) -> bool {
    let refused = variable("NO_COLOR").is_some_and(|set| !set.is_empty());
    !refused && variable("TERM").is_none_or(|terminal| terminal != "dumb")
}

impl Sink for StdoutSink {
    const NAME: &'static str = "stdout";

    async fn deliver(&mut self, batch: Batch) -> Result<(), DeliveryError> {
        let look = self.look;
        let written = self.thread.run(move || match look {
            None => print(batch.json()),
            Some(look) => print(lines(&batch, look).as_bytes()),
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            // Half of the lines may be out: a second attempt would write those twice.
            Ok(Err(error)) => Err(DeliveryError::Permanent {
                source: error.into(),
            }),
            Err(error) => Err(DeliveryError::Retryable {
                source: error.into(),
                after: None,
            }),
        }
    }
}

fn lines(batch: &Batch, look: Look) -> String {
    let mut lines = String::new();
    for record in batch.records() {
        person::write(record, look, &mut lines);
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
    fn no_color_and_a_dumb_terminal_are_respected() {
        let with = |name: &'static str, value: &'static str| {
            wants_color(move |asked| (asked == name).then(|| value.into()))
        };
        assert!(!with("NO_COLOR", "1") && !with("TERM", "dumb"));
        assert!(with("NO_COLOR", "") && with("TERM", "xterm-256color"));
    }
}
