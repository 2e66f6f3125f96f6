//! Appends lines to a log file that other programs append to, rotate, truncate and remove, and rolls it at a size.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::FileSettings;
use super::open_file::{End, NEW_FILE_MODE, OpenFile};
use super::rolled;
use crate::clock::{self, Moment};

/// How often the path may name another file by the time the file is locked.
const MAX_REOPENINGS: usize = 3;

/// In microseconds: a roll that failed is not tried again earlier.
const ROLL_RETRY_DELAY: u64 = 1_000_000;

#[derive(Debug)]
pub(super) struct Roller {
    settings: FileSettings,
    /// The absolute path: the process may change its working directory.
    path: PathBuf,
    file: Option<OpenFile>,
    /// The permissions of the last file, which the next one gets too.
    mode: u32,
    /// How many bytes of the present batch are in the file. A batch that failed is retried until it is delivered.
    written: usize,
    /// The position after this process's last write.
    end: Option<End>,
    is_lock_busy: bool,
    roll_failure: Option<RollFailure>,
}

/// The last attempt to roll, which failed.
#[derive(Debug)]
struct RollFailure {
    at: Moment,
    reason: String,
}

impl Roller {
    pub(super) fn new(settings: FileSettings) -> Self {
        let path = std::path::absolute(&settings.path);
        Self {
            path: path.unwrap_or_else(|_| settings.path.clone()),
            settings,
            file: None,
            mode: NEW_FILE_MODE,
            written: 0,
            end: None,
            is_lock_busy: false,
            roll_failure: None,
        }
    }

    pub(super) fn ensure_open(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            self.file = Some(self.open()?);
        }
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), OpenFile::sync)
    }

    /// Returns why the file cannot roll, if it should.
    pub(super) fn warning(&self) -> Option<String> {
        let failure = self.roll_failure.as_ref()?;
        Some(format!("{}; appending to it meanwhile", failure.reason))
    }

    /// Appends a batch of lines. After an error the same batch has to follow: the part of it that is in the file is not
    /// written again.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        // An error closes the file, and the next attempt opens it again.
        let mut file = self.current_file()?;
        if !self.continues_line(&file, lines)? {
            self.written = line_start(lines, self.written);
            file = self.roll_if_full(file, lines.len() - self.written)?;
            self.end_torn_line(&mut file)?;
        }
        self.write(&mut file, lines)?;
        self.written = 0;
        file.unlock();
        self.file = Some(file);
        Ok(())
    }

    /// Returns the file that the path names now, locked.
    fn current_file(&mut self) -> io::Result<OpenFile> {
        let mut reopenings = 0;
        loop {
            let mut file = match self.file.take() {
                Some(file) => file,
                None => self.open()?,
            };
            self.is_lock_busy = !file.lock(!self.is_lock_busy);
            // Another process may have rolled it while this one waited for the lock.
            if file.is_at(&self.path) || reopenings == MAX_REOPENINGS {
                return Ok(file);
            }
            reopenings += 1;
            self.leave(file);
        }
    }

    /// Syncs a file that nothing more is written to, because a later durable flush does not reach it. The next file gets
    /// its permissions.
    fn leave(&mut self, file: OpenFile) {
        self.mode = file.mode().unwrap_or(self.mode);
        // The file may be on a disk that is gone, and the next one must be opened all the same.
        let _synced = file.sync();
        drop(file);
    }

    fn open(&mut self) -> io::Result<OpenFile> {
        let file = OpenFile::open(&self.path, self.mode);
        file.map_err(|error| self.describe("open", &error))
    }

    /// Returns whether an earlier attempt ended inside a line, and nobody has written to the file since.
    fn continues_line(&self, file: &OpenFile, lines: &[u8]) -> io::Result<bool> {
        if self.written == line_start(lines, self.written) {
            return Ok(false);
        }
        let len = self.len(file)?;
        Ok(file.ends_at(self.end, len))
    }

    fn len(&self, file: &OpenFile) -> io::Result<u64> {
        file.len().map_err(|error| self.describe("read", &error))
    }

    /// Rolls the file if it has no space for this many bytes, and returns the file to write to.
    fn roll_if_full(&mut self, file: OpenFile, added: usize) -> io::Result<OpenFile> {
        let len = self.len(&file)?;
        if len == 0 || len.saturating_add(added as u64) <= self.settings.max_bytes {
            self.roll_failure = None;
            return Ok(file);
        }
        if !file.can_roll() || !self.is_retry_due_at(clock::now()) {
            return Ok(file);
        }
        if let Err(error) = rolled::roll(file.real_path(), self.settings.keep) {
            self.roll_failure = Some(RollFailure {
                at: clock::now(),
                reason: self.describe("roll", &error).to_string(),
            });
            return Ok(file);
        }
        self.roll_failure = None;
        self.leave(file);
        self.current_file()
    }

    fn is_retry_due_at(&self, now: Moment) -> bool {
        let failure = self.roll_failure.as_ref();
        failure.is_none_or(|failure| now.micros_since(failure.at) >= ROLL_RETRY_DELAY)
    }

    /// Ends a line that a process could not finish, so that the lines after it are whole.
    fn end_torn_line(&mut self, file: &mut OpenFile) -> io::Result<()> {
        let len = self.len(file)?;
        // This process leaves only lines that are whole, or that `continues_line` has found.
        if !file.ends_at(self.end, len) && !file.ends_with_line(len) {
            self.write_once(file, b"\n")?;
        }
        Ok(())
    }

    /// Writes the rest of a batch, with one call unless the disk becomes full.
    fn write(&mut self, file: &mut OpenFile, lines: &[u8]) -> io::Result<()> {
        while let Some(rest) = lines.get(self.written..).filter(|rest| !rest.is_empty()) {
            self.written += self.write_once(file, rest)?;
        }
        Ok(())
    }

    fn write_once(&mut self, file: &mut OpenFile, bytes: &[u8]) -> io::Result<usize> {
        let written = match file.write(bytes) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(0),
            written => written,
        };
        let written = written.map_err(|error| self.describe("write", &error))?;
        self.end = file.end();
        Ok(written)
    }

    /// Adds the operation, the file and a fix to the system's error.
    fn describe(&self, operation: &str, error: &io::Error) -> io::Error {
        let path = self.settings.path.display();
        let text = format!("cannot {operation} {path}: check its folder and the disk: {error}");
        io::Error::new(error.kind(), text)
    }
}

/// Returns where the line starts that the first `written` bytes end in.
fn line_start(lines: &[u8], written: usize) -> usize {
    let written = lines.get(..written).unwrap_or_default();
    let last_end = written.iter().rposition(|byte| *byte == b'\n');
    last_end.map_or(0, |position| position + 1)
}

#[cfg(test)]
mod tests;
