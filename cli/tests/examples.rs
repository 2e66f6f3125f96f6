//! Every help text has examples, and every example works on a demonstration database.

use std::path::Path;
use std::process::{Command, Output};

use clap::CommandFactory as _;
use ragspan_cli::command::Cli;

/// Returns the examples of each help text, without their comments.
fn examples() -> Vec<(String, Vec<String>)> {
    let mut ragspan = Cli::command();
    ragspan.build();
    let mut helps = vec![&ragspan];
    let mut found = Vec::new();
    while let Some(command) = helps.pop() {
        helps.extend(
            command
                .get_subcommands()
                .filter(|command| command.get_name() != "help"),
        );
        let help = command.get_after_help().map(ToString::to_string);
        let name = command.get_bin_name().unwrap_or("ragspan").to_owned();
        found.push((name, lines(&help.unwrap_or_default())));
    }
    found
}

fn lines(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Examples:")
        .filter(|line| line.starts_with("  ragspan"))
        .map(|line| line.split("  #").next().unwrap_or(line).trim().to_owned())
        .collect()
}

/// Runs a line in a shell.
fn sh(line: &str, folder: &Path, db: &Path) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_ragspan"));
    let own = binary.parent().expect("its folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{own}:{path}"))
        .env("RAGSPAN_DB", db)
        .env_remove("COLUMNS")
        .env_remove("RAGSPAN_CONFIG")
        .output()
        .expect("there is a shell")
}

#[track_caller]
fn works(line: &str, folder: &Path, db: &Path) {
    let output = sh(line, folder, db);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {stderr}");
    assert_eq!(stderr, "", "{line}");
    assert!(
        !output.stdout.is_empty() || line.contains(" > "),
        "{line} prints nothing"
    );
}

#[test]
fn every_help_text_has_examples() {
    for (name, examples) in examples() {
        assert!(
            examples.iter().any(|line| line.starts_with(&name)),
            "{name}"
        );
    }
}

#[test]
fn help_texts_fit_80_columns_and_no_example_is_wrapped() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, examples) in examples() {
        let help = sh(
            &format!("{name} --help"),
            folder.path(),
            Path::new("none.db"),
        );
        let help = String::from_utf8(help.stdout).expect("text");
        let width = |line: &str| line.chars().count();
        assert!(help.lines().all(|line| width(line) <= 80), "{name}: {help}");
        for example in examples {
            assert!(help.contains(&example), "{name}: {example} is wrapped");
        }
    }
}

#[test]
fn the_help_of_demo_names_one_database() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = sh("ragspan demo --help", folder.path(), Path::new("none.db"));
    let help = String::from_utf8(help.stdout).expect("text");
    assert!(help.contains("[default: ragspan-demo.db]"), "{help}");
    for other in ["RAGSPAN_DB", "else ragspan.db", "--at"] {
        assert!(!help.contains(other), "{other} in {help}");
    }
    for line in ["ragspan demo --at prod", "ragspan --at prod demo"] {
        let output = sh(line, folder.path(), Path::new("none.db"));
        assert_eq!(output.status.code(), Some(2), "{line}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("name a new file with --db"), "{stderr}");
    }
}

#[test]
fn every_example_works() {
    let home = tempfile::tempdir().expect("a folder");
    let db = home.path().join("demo.db");
    works(
        &format!("ragspan --db {} demo", db.display()),
        home.path(),
        &db,
    );
    let jq = sh("jq --version", home.path(), &db).status.success();
    for (_, examples) in examples() {
        let folder = tempfile::tempdir().expect("a folder");
        for line in examples {
            let (own, filter) = line.split_once(" | ").unwrap_or((&line, ""));
            if own.contains("--follow") {
                // It ends when its pipe is closed.
                works(&format!("{own} | head -n 1"), folder.path(), &db);
                continue;
            }
            works(own, folder.path(), &db);
            if jq && !filter.is_empty() {
                works(&line, folder.path(), &db);
            }
        }
    }
}
