//! A program with ragspan prints what it prints without, whatever its own subscriber is composed of.

use std::process::{Command, Stdio};

use crate::programs::COMPOSED;

const COMPOSITIONS: &[&str] = &[
    "alone",
    "beside fmt",
    "below fmt",
    "beside opentelemetry",
    "under reload",
    "a filter of our own",
    "filters on others",
    "INFO for all",
    "ERROR for all, above",
    "directives for all",
    "directives between",
    "directives above",
    "a filter that can be changed",
    "directives for fmt",
    "directives for fmt, below",
    "directives for each",
    "directives for two",
];

/// The values of `RUST_LOG`.
const DIRECTIVES: &[Option<&str>] = &[
    None,
    Some("info"),
    Some("composed=debug"),
    Some("composed=info"),
    Some("warn,foreign=trace"),
    Some("composed[work{kind=mine}]=debug,info"),
];

fn printed(composition: &str, directives: Option<&str>, folder: &str) -> String {
    let mut program = Command::new(COMPOSED);
    program.args([composition, folder]).stdin(Stdio::null());
    match directives {
        Some(directives) => program.env("RUST_LOG", directives),
        None => program.env_remove("RUST_LOG"),
    };
    let output = program.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{composition}: {stderr}");
    for line in stderr.lines() {
        assert!(line.starts_with("ragspan: "), "{composition}: {line}");
    }
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_program_prints_the_same_with_ragspan() {
    for composition in COMPOSITIONS {
        for directives in DIRECTIVES {
            let folder = tempfile::tempdir().unwrap();
            let without = printed(composition, *directives, "-");
            let with = printed(composition, *directives, folder.path().to_str().unwrap());
            assert_eq!(with, without, "{composition}, {directives:?}");
        }
    }
}

#[test]
fn a_filter_that_hides_the_records_is_reported_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let run = |composition: &str| {
        let mut program = Command::new(COMPOSED);
        program.arg(composition).arg(folder.path());
        let output = program.env_remove("RUST_LOG").output().unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    for (composition, filter) in [
        ("directives for all", "a filter for the whole subscriber"),
        ("directives above", "a filter for the whole subscriber"),
        ("a filter of our own", "the filter on ragspan's layer"),
    ] {
        let stderr = run(composition);
        let expected = format!("ragspan: {filter} hides all records below ");
        assert!(stderr.starts_with(&expected), "{composition}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{composition}: {stderr}");
    }
    assert_eq!(run("directives for fmt"), "");
    assert_eq!(run("directives for each"), "");
}
