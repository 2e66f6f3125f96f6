//! Instructions on the caller's thread, counted by callgrind between the marks of a run.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;

use crate::measure::{LONG, MARKED_BATCHES, SHORT};

/// How to get it where it is missing.
pub const CURE: &str = "instructions are not counted: install valgrind (apt-get install valgrind)";

/// Returns `true` if callgrind is installed.
#[must_use]
pub fn is_available() -> bool {
    let mut version = Command::new("valgrind");
    let output = version
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    output.is_ok_and(|status| status.success())
}

/// An error of counting instructions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallgrindError {
    /// It could not be run, or its files not be read.
    #[error("cannot run valgrind, or read what it wrote: check TMPDIR")]
    Io(#[from] io::Error),
    /// The program did not end well under it.
    #[error("the run under valgrind failed: {output}")]
    Failed {
        /// The end of its output.
        output: String,
    },
    /// The program printed no report.
    #[error("the run under valgrind printed no report")]
    NoReport(#[from] serde_json::Error),
    /// The accounts are not the ones between three marks.
    #[error("callgrind wrote no account of thread 1 for part {part}: was `batch_mark` inlined?")]
    NoPart {
        /// The part.
        part: u32,
    },
}

/// Returns the instructions per call that `program` executes between marks on the caller's thread, and the run's report.
///
/// # Errors
///
/// When callgrind cannot be run, or what it wrote is not what was asked for.
pub fn instructions<R: DeserializeOwned>(
    program: &Path,
    arguments: &[&str],
) -> Result<(f64, R), CallgrindError> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("cost");
    let run = command(program, arguments, &out).output()?;
    if !run.status.success() {
        let output = String::from_utf8_lossy(&run.stderr);
        let last = output.lines().rev().take(5).collect::<Vec<_>>().join(" | ");
        return Err(CallgrindError::Failed { output: last });
    }
    // The first part is the start and the warm calls.
    let (short, long) = (part(&out, 2)?, part(&out, 3)?);
    let calls = MARKED_BATCHES * (LONG - SHORT);
    let instructions = (long as f64 - short as f64) / calls as f64;
    Ok((instructions, serde_json::from_slice(&run.stdout)?))
}

fn command(program: &Path, arguments: &[&str], out: &Path) -> Command {
    let mut file = OsString::from("--callgrind-out-file=");
    file.push(out);
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args([
            "--tool=callgrind",
            "--separate-threads=yes",
            "--dump-before=*batch_mark*",
        ])
        .arg(file)
        .arg(program)
        .args(arguments)
        .arg("--marks");
    valgrind
}

/// Returns the instructions of thread 1 in this part.
fn part(out: &Path, part: u32) -> Result<u64, CallgrindError> {
    let mut path = out.as_os_str().to_owned();
    path.push(format!(".{part}-01"));
    let text = std::fs::read_to_string(PathBuf::from(path)).unwrap_or_default();
    total(&text).ok_or(CallgrindError::NoPart { part })
}

fn total(account: &str) -> Option<u64> {
    let mut totals = account
        .lines()
        .filter_map(|line| line.strip_prefix("totals: "));
    totals.next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_an_account_is_its_own_line() {
        let account = "version: 1\nevents: Ir\nfn=(1) totals: 3\n12 34\n\ntotals: 93412\n";
        assert_eq!(total(account), Some(93_412));
        assert_eq!(total("events: Ir\n"), None);
    }
}
