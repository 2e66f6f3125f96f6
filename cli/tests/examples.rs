//! Every command's help has examples, and every example works, word for word, on a demonstration.

use std::path::Path;
use std::process::{Command, Output};

use clap::CommandFactory as _;
use ragspan_cli::command::Cli;

/// The examples of each help text, a list a text, without their comments.
fn examples() -> Vec<(String, Vec<String>)> {
    let whole = Cli::command();
    let helps = whole.get_subcommands().chain([&whole]);
    helps
        .map(|command| {
            let help = command.get_after_help().map(ToString::to_string);
            (
                command.get_name().to_owned(),
                lines(&help.unwrap_or_default()),
            )
        })
        .collect()
}

fn lines(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Examples:")
        .filter(|line| line.starts_with("  ragspan"))
        .map(|line| line.split("  #").next().unwrap_or(line).trim().to_owned())
        .collect()
}

/// Runs a line as a shell would, in a folder of its own.
fn sh(line: &str, folder: &Path, db: &Path) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_ragspan"));
    let own = binary.parent().expect("its folder").display().to_string();
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env("PATH", format!("{own}:{path}"))
        .env("RAGSPAN_DB", db)
        .env_remove("RAGSPAN_CONFIG")
        .output()
        .expect("there is a shell")
}

#[track_caller]
fn works(line: &str, folder: &Path, db: &Path) {
    let output = sh(line, folder, db);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {said}");
    assert_eq!(said, "", "{line}");
    assert!(
        !output.stdout.is_empty() || line.contains(" > "),
        "{line} says nothing"
    );
}

#[test]
fn every_help_has_examples() {
    for (name, examples) in examples() {
        let own = if name == "ragspan" {
            String::new()
        } else {
            format!("ragspan {name}")
        };
        assert!(examples.iter().any(|line| line.starts_with(&own)), "{name}");
    }
}

#[test]
fn every_example_works_as_it_stands() {
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
                // It goes on for ever, unless nobody reads it any more.
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
