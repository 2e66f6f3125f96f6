//! The stdout sink: writes records to standard output, as lines of JSON or as human-readable lines.

use std::fs::File;
use std::io::{self, IsTerminal, StdoutLock};

use super::blocking::Blocking;
use super::pretty::{self, Style};
use super::{Batch, Sink, SinkError, waiting};

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

/// In bytes: what Linux writes to a pipe at once (`PIPE_BUF`).
const MAX_PIPE_WRITE: usize = 4096;

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
    for item in batch.in_order() {
        pretty::write(item.record, style, &mut lines);
    }
    lines
}

fn print(bytes: &[u8]) -> io::Result<()> {
    let mut locked = io::stdout().lock();
    // What the program has printed without a line's end comes first.
    waiting::flush(&mut locked)?;
    match unbuffered(&locked)? {
        Some(mut file) => pieces(bytes).try_for_each(|piece| waiting::write_all(&mut file, piece)),
        None => waiting::write_all(&mut locked, bytes),
    }
}

/// Splits lines into pieces that a pipe takes whole or not at all. A process that writes to the same pipe then does not
/// get into a line, unless the line alone is longer.
fn pieces(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = lines;
    std::iter::from_fn(move || {
        let (piece, later) = rest.split_at(piece_len(rest));
        rest = later;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Returns the length of the lines that fit into a piece, or of the first line if that alone is longer.
fn piece_len(lines: &[u8]) -> usize {
    let Some(fitting) = lines.get(..MAX_PIPE_WRITE) else {
        return lines.len();
    };
    let is_end = |byte: &u8| *byte == b'\n';
    let last = fitting.iter().rposition(is_end);
    let end = last.or_else(|| lines.iter().position(is_end));
    end.map_or(lines.len(), |end| end + 1)
}

/// Returns the file behind standard output, because the standard library hides that it is closed. Returns `None` if the
/// process has no handle to spare.
#[cfg(unix)]
fn unbuffered(locked: &StdoutLock<'_>) -> io::Result<Option<File>> {
    use std::os::fd::AsFd;
    /// The same on every Unix.
    const EBADF: i32 = 9;
    match locked.as_fd().try_clone_to_owned() {
        Ok(descriptor) => Ok(Some(descriptor.into())),
        Err(error) if error.raw_os_error() == Some(EBADF) => Err(error),
        Err(_) => Ok(None),
    }
}

/// A console of Windows needs the standard library.
#[cfg(not(unix))]
fn unbuffered(_locked: &StdoutLock<'_>) -> io::Result<Option<File>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_has_whole_lines_that_a_pipe_takes_at_once() {
        let cases: [(&[usize], &[usize]); 7] = [
            (&[], &[]),
            (&[10, 20], &[30]),
            (&[4095, 1, 1], &[4096, 1]),
            (&[4096, 1], &[4096, 1]),
            (&[4097, 1], &[4097, 1]),
            (&[1, 4096], &[1, 4096]),
            (&[1000; 10], &[4000, 4000, 2000]),
        ];
        for (lens, expected) in cases {
            let lines = lens.iter().map(|len| "x".repeat(len - 1) + "\n");
            let lines: String = lines.collect();
            let pieces: Vec<&[u8]> = pieces(lines.as_bytes()).collect();
            let found: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
            assert_eq!(found, expected, "{lens:?}");
            assert_eq!(pieces.concat(), lines.as_bytes());
        }
    }

    #[test]
    fn there_is_no_color_with_no_color_or_on_a_dumb_terminal() {
        let with = |name: &'static str, value: &'static str| {
            wants_color(move |variable| (variable == name).then(|| value.into()))
        };
        assert!(!with("NO_COLOR", "1") && !with("TERM", "dumb"));
        assert!(with("NO_COLOR", "") && with("TERM", "xterm-256color"));
    }
}
