//! Standard output and log files lose and tear no line, whatever other programs do with them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::OFlags;
use serde_json::Value;

use crate::hostile::{App, is_degraded, is_ok, records, setting};
use crate::programs::HOSTILE;

/// The records of the command `many`.
const MANY: usize = 5_000;

/// Returns the sums of the records of calls; there are also records about sinks.
fn sums(records: &[Value]) -> Vec<u64> {
    let sums = records
        .iter()
        .map(|record| record["context"]["sum"].as_u64());
    sums.flatten().collect()
}

/// Returns the lines of all files of the folder.
fn lines_in(folder: &Path) -> String {
    let files = fs::read_dir(folder).unwrap();
    let read = |file: fs::DirEntry| fs::read_to_string(file.path()).unwrap();
    files.map(|file| read(file.unwrap())).collect()
}

#[test]
fn a_standard_output_that_another_program_made_non_blocking() {
    let folder = tempfile::tempdir().unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let mut command = Command::new(HOSTILE);
    command.arg(setting("file", &folder.path().join("a.jsonl")));
    let mut app = App::spawn_with_output(command.stdout(writer));
    drop(command);
    assert_eq!(app.ask("many"), "4999");
    // Nobody reads so far, and the pipe is full.
    app.wait_for_health(|health| health["sinks"][1]["delivered"].as_u64() >= Some(MANY as u64));
    let output = std::thread::spawn(move || std::io::read_to_string(&mut reader).unwrap());
    assert_eq!(app.ask("flush"), "true");
    let (last, _) = app.end();
    assert!(last.contains("left 0, dropped 0; file: "), "{last}");
    let sums = sums(&records(&output.join().unwrap()));
    let distinct: BTreeSet<_> = sums.iter().collect();
    assert_eq!((sums.len(), distinct.len()), (MANY, MANY));
}

#[test]
fn a_non_blocking_standard_output_that_two_processes_share() {
    let (mut reader, writer) = std::io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    let start = |output| App::spawn_with_output(Command::new(HOSTILE).stdout(output));
    let mut apps = [writer.try_clone().unwrap(), writer].map(start);
    let output = std::thread::spawn(move || std::io::read_to_string(&mut reader).unwrap());
    for app in &mut apps {
        assert_eq!(app.ask("many"), "4999");
    }
    for mut app in apps {
        assert_eq!(app.ask("flush"), "true");
        app.end();
    }
    let sums = sums(&records(&output.join().unwrap()));
    assert_eq!(sums.len(), 2 * MANY);
}

#[test]
fn a_standard_output_that_cannot_be_written() {
    let mut command = Command::new(HOSTILE);
    let folder = tempfile::tempdir().unwrap();
    command.arg(setting("file", &folder.path().join("a.jsonl")));
    let mut app = App::spawn_with_output(command.stdout(File::open("/dev/null").unwrap()));
    assert_eq!(app.ask("add"), "3");
    app.is_reported_once("stdout: Bad file descriptor");
    app.wait_for_health(is_degraded);
    assert_eq!(
        (app.ask("add"), app.ask("flush")),
        ("3".into(), "true".into())
    );
    app.is_reported_once("stdout: Bad file descriptor");
    let (last, _) = app.end();
    let accounting = "stdout: delivered 0, left 0, dropped 3; file: delivered 3, left 0, dropped 0";
    assert!(last.ends_with(accounting), "{last}");
}

#[test]
fn a_disk_that_becomes_full_half_way_costs_two_processes_no_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let setting = setting("file", &path);
    // A limit on the file size, in bytes, is like a full disk for this process only.
    let script = r#"trap "" XFSZ; exec prlimit --fsize=40000: "$0" "$@""#;
    let mut limited = App::spawn(Command::new("sh").args(["-c", script, HOSTILE, &setting]));
    let limited_output = limited.child.stdout.take().unwrap();
    let drained = std::thread::spawn(move || std::io::read_to_string(limited_output).unwrap());
    let mut other = App::start(&[&setting]);
    assert_eq!(
        (other.ask("add"), other.ask("flush")),
        ("3".into(), "true".into())
    );
    assert_eq!(limited.ask("many"), "4999");
    limited.is_reported_once("File too large");
    assert_eq!(
        (other.ask("add"), other.ask("flush")),
        ("3".into(), "true".into())
    );
    let pid = limited.child.id().to_string();
    let larger = ["--pid", &pid, "--fsize=unlimited:"];
    assert!(
        Command::new("prlimit")
            .args(larger)
            .status()
            .unwrap()
            .success()
    );
    limited.wait_for_health(is_ok);
    assert_eq!(limited.ask("flush"), "true");
    limited.end();
    other.end();
    drained.join().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let is_whole = |line: &&str| serde_json::from_str::<Value>(line).is_ok();
    let (whole, torn): (Vec<&str>, Vec<&str>) = text.lines().partition(is_whole);
    assert!(torn.len() <= 1, "{torn:?}");
    let sums = sums(&records(&whole.join("\n")));
    assert_eq!(sums.len(), MANY + 2);
    assert_eq!(
        sums.iter().collect::<BTreeSet<_>>().len(),
        MANY,
        "3 is there thrice"
    );
}

#[test]
fn two_processes_that_roll_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let setting = setting("rolling", &folder.path().join("a.jsonl"));
    let apps = [0; 2].map(|_| {
        let mut app = App::start(&[&setting]);
        let output = app.child.stdout.take().unwrap();
        let drained = std::thread::spawn(move || std::io::read_to_string(output).unwrap());
        (app, drained)
    });
    let running = apps.map(|(mut app, drained)| {
        std::thread::spawn(move || {
            assert_eq!(
                (app.ask("many"), app.ask("flush")),
                ("4999".into(), "true".into())
            );
            app.end();
            drained.join().unwrap();
        })
    });
    for app in running {
        app.join().unwrap();
    }
    assert_eq!(sums(&records(&lines_in(folder.path()))).len(), 2 * MANY);
    let rolled = fs::read_dir(folder.path()).unwrap().count();
    assert!(rolled > 10, "{rolled}");
}

/// Returns a command of a user who may not write to every folder.
fn command_of_a_user(folder: &Path) -> Command {
    let program = folder.join("hostile");
    fs::copy(HOSTILE, &program).unwrap();
    fs::set_permissions(folder, PermissionsExt::from_mode(0o755)).unwrap();
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=64322", "--regid=64322", "--clear-groups"]);
    command.arg(program);
    command
}

/// Returns a folder of that user with an empty log file.
fn logs_of_a_user(folder: &Path) -> PathBuf {
    let logs = folder.join("logs");
    fs::create_dir(&logs).unwrap();
    let log = logs.join("a.jsonl");
    fs::write(&log, "").unwrap();
    for (path, mode) in [(&logs, 0o555), (&log, 0o666)] {
        fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
    log
}

/// Makes calls until the file has rolled: a roll comes with a batch, and is tried again after a second.
#[track_caller]
fn rolls_again(app: &mut App) {
    for _ in 0..1_000 {
        assert_eq!(
            (app.ask("add"), app.ask("flush")),
            ("3".into(), "true".into())
        );
        let health: Value = serde_json::from_str(&app.ask("health")).unwrap();
        if is_ok(&health) {
            return app.is_reported_once("file: has recovered");
        }
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    panic!("{}", app.ask("health"));
}

#[test]
fn a_folder_in_which_the_file_cannot_roll_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command_of_a_user(folder.path());
    let log = logs_of_a_user(folder.path());
    let mut app = App::spawn(command.arg(setting("rolling", &log)));
    let output = app.child.stdout.take().unwrap();
    let drained = std::thread::spawn(move || std::io::read_to_string(output).unwrap());
    assert_eq!(
        (app.ask("many"), app.ask("flush")),
        ("4999".into(), "true".into())
    );
    app.is_reported_once("file: cannot roll");
    let health = app.wait_for_health(is_degraded);
    let sink = &health["sinks"][1];
    assert_eq!(
        (&sink["pending"], &sink["dropped"]),
        (&0.into(), &0.into()),
        "{health}"
    );
    assert_eq!(
        sums(&records(&fs::read_to_string(&log).unwrap())).len(),
        MANY
    );
    fs::set_permissions(log.parent().unwrap(), PermissionsExt::from_mode(0o777)).unwrap();
    rolls_again(&mut app);
    assert!(log.with_extension("jsonl.1").exists());
    app.end();
    let stdout = records(&drained.join().unwrap());
    let failed = stdout
        .iter()
        .find(|record| record["message"] == "sink_failed");
    assert_eq!(failed.unwrap()["error"]["type"], "impaired");
}

#[test]
fn a_relative_path_after_the_working_directory_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(HOSTILE);
    let mut app = App::spawn(
        command
            .arg("rolling=ragspan-test.jsonl")
            .current_dir(folder.path()),
    );
    let output = app.child.stdout.take().unwrap();
    let drained = std::thread::spawn(move || std::io::read_to_string(output).unwrap());
    assert_eq!(
        (app.ask("many"), app.ask("flush")),
        ("4999".into(), "true".into())
    );
    assert_eq!(app.ask("root"), "Ok(())");
    assert_eq!(
        (app.ask("many"), app.ask("flush")),
        ("4999".into(), "true".into())
    );
    app.end();
    drained.join().unwrap();
    assert_eq!(sums(&records(&lines_in(folder.path()))).len(), 2 * MANY);
}

#[test]
fn a_standard_output_that_is_named_as_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let output = File::create(folder.path().join("output")).unwrap();
    // A link like `/dev/stdout`, which a roll that should not be may rename.
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/proc/self/fd/1", &link).unwrap();
    let mut command = Command::new(HOSTILE);
    let mut app = App::spawn_with_output(command.arg(setting("rolling", &link)).stdout(output));
    assert_eq!(
        (app.ask("many"), app.ask("flush")),
        ("4999".into(), "true".into())
    );
    app.end();
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "nothing has rolled"
    );
}

#[test]
fn a_pipe_that_nobody_reads_until_somebody_does() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let mut app = App::start(&[&setting("rolling", &pipe)]);
    app.is_reported_once("file: not open after 2 s");
    assert_eq!(app.ask("add"), "3");
    let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
    app.wait_for_health(is_ok);
    assert_eq!(
        (app.ask("add"), app.ask("flush")),
        ("3".into(), "true".into())
    );
    let (last, _) = app.end();
    assert!(last.contains("left 0, dropped 0; file: "), "{last}");
    assert!(last.ends_with("left 0, dropped 0"), "{last}");
    assert_eq!(sums(&records(&reader.join().unwrap())), [3, 3]);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing has rolled"
    );
}
