//! Writes to a destination that may be non-blocking, and waits while it accepts nothing.

use std::io::{self, ErrorKind, Write};
use std::time::Duration;

const MIN_PAUSE: Duration = Duration::from_millis(1);
const MAX_PAUSE: Duration = Duration::from_millis(64);

/// A wait that doubles each time. It blocks its thread.
#[derive(Debug)]
pub(super) struct Pause(Duration);

impl Pause {
    pub(super) const fn new() -> Self {
        Self(MIN_PAUSE)
    }

    pub(super) fn wait(&mut self) {
        std::thread::sleep(self.0);
        self.0 = (self.0 * 2).min(MAX_PAUSE);
    }

    /// Waits if the destination accepts nothing for now, and returns every other error.
    fn wait_out(&mut self, error: io::Error) -> io::Result<()> {
        match error.kind() {
            ErrorKind::WouldBlock => self.wait(),
            ErrorKind::Interrupted => {}
            _ => return Err(error),
        }
        Ok(())
    }
}

/// Writes all bytes, each once, however often the destination accepts none for now. Any program that shares a terminal or
/// a pipe can make it non-blocking: `node`, `ssh` and some shells do.
pub(crate) fn write_all(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let mut pause = Pause::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        match out.write(rest) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => {
                rest = rest.get(written..).unwrap_or_default();
                pause = Pause::new();
            }
            Err(error) => pause.wait_out(error)?,
        }
    }
    flush(out)
}

/// Writes what a buffered destination holds.
pub(super) fn flush(out: &mut impl Write) -> io::Result<()> {
    let mut pause = Pause::new();
    while let Err(error) = out.flush() {
        pause.wait_out(error)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts three bytes at a time, and after each an error.
    struct Hesitant {
        taken: Vec<u8>,
        errors: Vec<ErrorKind>,
        is_refusing: bool,
    }

    impl Hesitant {
        fn new(errors: &[ErrorKind]) -> Self {
            Self {
                taken: Vec::new(),
                errors: errors.to_owned(),
                is_refusing: false,
            }
        }

        fn error(&mut self) -> io::Result<()> {
            self.errors.pop().map_or(Ok(()), |kind| Err(kind.into()))
        }
    }

    impl Write for Hesitant {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.is_refusing = !self.is_refusing;
            if !self.is_refusing {
                self.error()?;
            }
            let accepted = bytes.len().min(3);
            self.taken.extend_from_slice(&bytes[..accepted]);
            Ok(accepted)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.error()
        }
    }

    #[test]
    fn a_destination_that_would_block_gets_every_byte_once() {
        for errors in 0..4 {
            let errors = [ErrorKind::WouldBlock, ErrorKind::Interrupted].repeat(errors);
            let mut out = Hesitant::new(&errors);
            write_all(&mut out, b"first line\nsecond line\n").unwrap();
            assert_eq!(out.taken, b"first line\nsecond line\n");
            assert_eq!(out.errors, []);
        }
    }

    #[test]
    fn every_other_error_ends_the_writing() {
        for kind in [ErrorKind::BrokenPipe, ErrorKind::StorageFull] {
            let mut out = Hesitant::new(&[kind, ErrorKind::WouldBlock]);
            let error = write_all(&mut out, b"a line of twenty bytes\n").unwrap_err();
            assert_eq!(error.kind(), kind);
        }
    }
}
