//! Tests of a log file that other programs write to, rotate, truncate and remove.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::super::rolled::numbered;
use super::*;

/// Returns a roller as a process that starts now has it.
fn roller(path: &Path, max_bytes: u64) -> Roller {
    Roller::new(FileSettings {
        max_bytes,
        keep: 2,
        ..FileSettings::new(path)
    })
}

fn append(roller: &mut Roller, lines: &[&str]) {
    for line in lines {
        roller.append(line.as_bytes()).unwrap();
    }
}

/// Returns the contents of the log file and of the rolled files.
fn contents(path: &Path) -> [String; 4] {
    [0, 1, 2, 3].map(|number| fs::read_to_string(numbered(path, number)).unwrap_or_default())
}

/// Appends to the file as another program does.
fn append_as_another(path: &Path, text: &str) {
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Writes the first bytes of a batch, as on a disk that becomes full.
fn fail_after(roller: &mut Roller, lines: &[u8], written: usize) {
    let mut file = roller.current_file().unwrap();
    if written > 0 {
        roller.written = roller.write_once(&mut file, &lines[..written]).unwrap();
    }
}

#[test]
fn a_file_rolls_at_its_size_and_the_oldest_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs/ragspan.jsonl");
    let mut roller = roller(&path, 10);
    append(&mut roller, &["first\n", "secnd\n", "third\n", "forth\n"]);
    assert_eq!(contents(&path), ["forth\n", "third\n", "secnd\n", ""]);
}

#[test]
fn an_existing_file_is_appended_to_and_a_torn_line_is_ended() {
    for (before, after) in [
        ("", "new\n"),
        ("old\n", "old\nnew\n"),
        ("old\nto", "old\nto\nnew\n"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        fs::write(&path, before).unwrap();
        append(&mut roller(&path, 99), &["new\n"]);
        assert_eq!(contents(&path)[0], after);
    }
}

#[test]
fn a_line_that_another_process_has_torn_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let mut roller = roller(&path, 99);
    append(&mut roller, &["first\n"]);
    append_as_another(&path, "to");
    append(&mut roller, &["second\n"]);
    append_as_another(&path, "whole\n");
    append(&mut roller, &["third\n"]);
    assert_eq!(contents(&path)[0], "first\nto\nsecond\nwhole\nthird\n");
}

#[test]
fn a_write_that_failed_half_way_is_finished_and_nothing_of_other_processes_is_cut() {
    let lines = b"first\nsecond\n";
    let cases = [
        (0, "", "first\nsecond\n"),
        (0, "other\n", "other\nfirst\nsecond\n"),
        (3, "", "first\nsecond\n"),
        (3, "other\n", "firother\nfirst\nsecond\n"),
        (3, "other", "firother\nfirst\nsecond\n"),
        (6, "other\n", "first\nother\nsecond\n"),
        (8, "", "first\nsecond\n"),
        (8, "other\n", "first\nseother\nsecond\n"),
        (8, "\nother\n", "first\nse\nother\nsecond\n"),
    ];
    for (written, other, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut roller = roller(&path, 99);
        fail_after(&mut roller, lines, written);
        append_as_another(&path, other);
        roller.append(lines).unwrap();
        assert_eq!(contents(&path)[0], expected, "{written} {other}");
        roller.append(b"third\n").unwrap();
        assert_eq!(contents(&path)[0], format!("{expected}third\n"));
    }
}

#[test]
fn a_line_that_was_torn_in_a_file_that_is_gone_is_written_whole() {
    let lines = b"first\nsecond\n";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let mut roller = roller(&path, 99);
    fail_after(&mut roller, lines, 8);
    fs::rename(&path, numbered(&path, 1)).unwrap();
    roller.append(lines).unwrap();
    assert_eq!(contents(&path), ["second\n", "first\nse", "", ""]);
}

#[test]
fn two_processes_roll_one_file_once_and_write_to_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let (mut one, mut two) = (roller(&path, 12), roller(&path, 12));
    append(&mut one, &["one 1\n"]);
    append(&mut two, &["two 1\n"]);
    append(&mut one, &["one 2\n"]);
    append(&mut two, &["two 2\n"]);
    let rolled_once = ["one 2\ntwo 2\n", "one 1\ntwo 1\n", "", ""];
    assert_eq!(contents(&path), rolled_once);
    append(&mut two, &["two 3\n"]);
    append(&mut one, &["one 3\n"]);
    let rolled_twice = ["two 3\none 3\n", "one 2\ntwo 2\n", "one 1\ntwo 1\n", ""];
    assert_eq!(contents(&path), rolled_twice);
}

#[test]
fn a_file_that_was_moved_or_removed_is_created_anew() {
    type Change = fn(&Path);
    let changes: [(&str, Change, &str); 4] = [
        (
            "moved",
            |path| fs::rename(path, numbered(path, 1)).unwrap(),
            "second\n",
        ),
        (
            "replaced",
            |path| {
                fs::rename(path, numbered(path, 1)).unwrap();
                fs::write(path, "other\n").unwrap();
            },
            "other\nsecond\n",
        ),
        ("removed", |path| fs::remove_file(path).unwrap(), "second\n"),
        (
            "folder removed",
            |path| fs::remove_dir_all(path.parent().unwrap()).unwrap(),
            "second\n",
        ),
    ];
    for (what, change, expected) in changes {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/a.jsonl");
        let mut roller = roller(&path, 99);
        append(&mut roller, &["first\n"]);
        change(&path);
        append(&mut roller, &["second\n"]);
        assert_eq!(contents(&path)[0], expected, "{what}");
    }
}

#[test]
fn a_file_that_was_truncated_is_appended_to_and_rolls_at_its_new_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let mut roller = roller(&path, 12);
    append(&mut roller, &["first\n", "secnd\n"]);
    File::create(&path).unwrap();
    append(&mut roller, &["third\n", "forth\n"]);
    assert_eq!(contents(&path), ["third\nforth\n", "", "", ""]);
    assert!(!numbered(&path, 1).exists());
    append(&mut roller, &["fifth\n"]);
    assert_eq!(contents(&path), ["fifth\n", "third\nforth\n", "", ""]);
}

#[test]
fn a_file_that_cannot_roll_is_appended_to_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    // The name of a rolled file would be too long.
    let path = folder.path().join("x".repeat(254));
    let mut roller = roller(&path, 10);
    append(&mut roller, &["first\n"]);
    assert_eq!(roller.warning(), None);
    append(&mut roller, &["secnd\n", "third\n"]);
    assert_eq!(contents(&path)[0], "first\nsecnd\nthird\n");
    let warning = roller.warning().unwrap();
    assert!(warning.starts_with("cannot roll "), "{warning}");
    assert!(warning.ends_with("; appending to it meanwhile"));
    File::create(&path).unwrap();
    append(&mut roller, &["forth\n"]);
    assert_eq!(roller.warning(), None);
}

#[test]
fn a_roll_that_failed_is_tried_again_after_a_second() {
    let mut roller = roller(Path::new("a.jsonl"), 10);
    assert!(roller.is_retry_due_at(Moment::default()));
    roller.roll_failure = Some(RollFailure {
        at: Moment::default(),
        reason: String::new(),
    });
    let due = |micros| roller.is_retry_due_at(Moment::from_micros(micros));
    assert!(!due(999_999) && due(1_000_000));
}

#[test]
fn a_lock_that_another_process_holds_delays_a_roll_and_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let mut roller = roller(&path, 10);
    append(&mut roller, &["first\n"]);
    let holder = File::open(&path).unwrap();
    holder.lock().unwrap();
    append(&mut roller, &["secnd\n", "third\n"]);
    assert_eq!(contents(&path)[0], "first\nsecnd\nthird\n");
    holder.unlock().unwrap();
    append(&mut roller, &["forth\n"]);
    assert_eq!(contents(&path)[0], "forth\n");
}

#[test]
fn a_relative_path_is_that_of_the_start() {
    let roller = roller(Path::new("logs/a.jsonl"), 10);
    let folder = std::env::current_dir().unwrap();
    assert_eq!(roller.path, folder.join("logs/a.jsonl"));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_file_is_private_and_the_permissions_of_a_file_outlive_its_roll() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let mut roller = roller(&path, 10);
        append(&mut roller, &["first\n"]);
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
        append(&mut roller, &["secnd\n"]);
        assert_eq!((mode(&path), mode(&numbered(&path, 1))), (0o666, 0o666));
    }

    #[test]
    fn the_target_of_a_symbolic_link_rolls_and_not_the_link() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        symlink(&target, &link).unwrap();
        append(&mut roller(&link, 10), &["first\n", "secnd\n"]);
        assert_eq!(contents(&target), ["secnd\n", "first\n", "", ""]);
        assert_eq!(contents(&link), ["secnd\n", "", "", ""]);
        assert!(link.symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn a_pipe_does_not_roll() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&path)
                .status()
                .unwrap()
                .success()
        );
        let reader = std::thread::spawn({
            let path = path.clone();
            move || fs::read_to_string(path).unwrap()
        });
        let mut roller = roller(&path, 10);
        append(&mut roller, &["first\n", "secnd\n", "third\n"]);
        roller.sync().unwrap();
        drop(roller);
        assert_eq!(reader.join().unwrap(), "first\nsecnd\nthird\n");
        assert!(path.metadata().unwrap().file_type().is_fifo());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_behind_a_descriptor_does_not_roll() {
        use std::os::fd::AsRawFd;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        let file = File::create(&path).unwrap();
        let descriptor = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        let mut roller = roller(Path::new(&descriptor), 10);
        append(&mut roller, &["first\n", "secnd\n", "third\n"]);
        assert_eq!(contents(&path), ["first\nsecnd\nthird\n", "", "", ""]);
    }
}
