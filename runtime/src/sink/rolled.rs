//! Renames a full log file to `<path>.1`, and the rolled files before it to the next number.

use std::io;
use std::path::{Path, PathBuf};

/// Rolls the file, and removes the rolled files beyond the number to keep. A roll that fails changes nothing.
pub(super) fn roll(path: &Path, keep: usize) -> io::Result<()> {
    if keep == 0 {
        return std::fs::remove_file(path);
    }
    let missing = first_missing(path);
    // No rolled file is removed before the roll has succeeded.
    for number in (0..missing).rev() {
        if let Err(error) = rename(path, number, number + 1) {
            undo(path, number + 1, missing);
            return Err(error);
        }
    }
    remove_beyond(path, keep);
    Ok(())
}

/// Returns the path of a rolled file, and that of the log file for the number 0.
pub(super) fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if number > 0 {
        name.push(format!(".{number}"));
    }
    name.into()
}

fn rename(path: &Path, from: usize, to: usize) -> io::Result<()> {
    std::fs::rename(numbered(path, from), numbered(path, to))
}

/// Returns the first number from one on without a rolled file.
fn first_missing(path: &Path) -> usize {
    let mut number = 1;
    while exists(path, number) {
        number += 1;
    }
    number
}

fn exists(path: &Path, number: usize) -> bool {
    numbered(path, number).symlink_metadata().is_ok()
}

/// Gives the files that were renamed already their former numbers, from `first` on.
fn undo(path: &Path, first: usize, missing: usize) {
    for number in first..missing {
        // A gap in the numbers is all that a failure leaves, and the next roll fills it.
        let _restored = rename(path, number + 1, number);
    }
}

fn remove_beyond(path: &Path, keep: usize) {
    let mut number = keep + 1;
    // The next roll tries again if this fails.
    while exists(path, number) && std::fs::remove_file(numbered(path, number)).is_ok() {
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes files that hold their own numbers.
    fn numbers(path: &Path, numbers: &[usize]) {
        for number in numbers {
            std::fs::write(numbered(path, *number), number.to_string()).unwrap();
        }
    }

    fn contents(path: &Path) -> Vec<String> {
        let read = |number| std::fs::read_to_string(numbered(path, number)).unwrap_or_default();
        (0..8).map(read).collect()
    }

    #[test]
    fn a_roll_shifts_the_files_up_to_the_first_gap_and_removes_those_beyond_the_bound() {
        let cases: [(&[usize], usize, [&str; 8]); 6] = [
            (&[0], 5, ["", "0", "", "", "", "", "", ""]),
            (&[0, 1, 2], 5, ["", "0", "1", "2", "", "", "", ""]),
            (&[0, 1, 2], 2, ["", "0", "1", "", "", "", "", ""]),
            (&[0, 1, 3, 4], 5, ["", "0", "1", "3", "4", "", "", ""]),
            (&[0, 1, 2, 3, 4, 5], 2, ["", "0", "1", "", "", "", "", ""]),
            (&[0], 0, ["", "", "", "", "", "", "", ""]),
        ];
        for (before, keep, after) in cases {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.jsonl");
            numbers(&path, before);
            roll(&path, keep).unwrap();
            assert_eq!(contents(&path), after, "{before:?} {keep}");
        }
    }

    #[test]
    fn a_roll_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        // The file that cannot be renamed is the newest one, which comes last: it is missing.
        numbers(&path, &[1, 2, 3]);
        for _ in 0..5 {
            assert!(roll(&path, 3).is_err());
            let expected = ["", "1", "2", "3", "", "", "", ""];
            assert_eq!(contents(&path), expected);
        }
    }
}
