//! Runs `ragspan config`: the file that it writes, its output for a file, and the exit codes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn run(folder: &Path, args: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragspan"));
    for name in [
        "RAGSPAN_CONFIG",
        "RAGSPAN_LOG",
        "RUST_LOG",
        "LANGSMITH_API_KEY",
    ] {
        command.env_remove(name);
    }
    command.current_dir(folder).arg("config").args(args);
    command
        .envs(variables.iter().copied())
        .output()
        .expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn stdout(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args, &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Parses JSON and checks it against `ragspan schema config`.
#[track_caller]
fn conforming(json: &[u8]) -> Value {
    let schema = ragspan_cli::command::Document::Config.schema();
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let value = serde_json::from_slice(json).expect("it is JSON");
    let errors: Vec<_> = schema
        .iter_errors(&value)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?} in {value}");
    value
}

const LANGSMITH: &str = "logging: {structured_logging: {backends: {langsmith: {enabled: true, api_key: \"${LANGSMITH_API_KEY}\"}}}}";

#[test]
fn the_file_that_init_writes_is_valid_and_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(stdout(folder.path(), &["init"]).starts_with("wrote ragspan.yaml"));
    let shown = stdout(folder.path(), &["check"]);
    assert!(
        shown.starts_with("# ragspan.yaml\nlogging:\n") && !shown.contains("note:"),
        "{shown}"
    );
    assert!(shown.contains("# ragspan.yaml:"), "{shown}");
}

#[test]
fn init_overwrites_only_with_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ragspan.yaml");
    std::fs::write(&path, "mine").expect("it is written");
    let rejected = run(folder.path(), &["init"], &[]);
    assert_eq!(rejected.status.code(), Some(2));
    assert!(text(&rejected.stderr).contains("--force"));
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "mine");
    stdout(folder.path(), &["init", "--force"]);
    let written = std::fs::read_to_string(&path).expect("it is there");
    assert_eq!(written, stdout(folder.path(), &["init", "-"]));
    let nowhere = run(folder.path(), &["init", "no/such/folder.yaml"], &[]);
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(text(&nowhere.stderr).contains("cannot write no/such/folder.yaml"));
}

#[test]
fn check_shows_values_with_their_sources_and_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("my.yaml"), LANGSMITH).expect("it is written");
    let variables = [
        ("LANGSMITH_API_KEY", "secret-77"),
        ("RAGSPAN_LOG", "warn,app=debug"),
    ];
    let output = run(folder.path(), &["check", "my.yaml", "--all"], &variables);
    let shown = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for part in [
        "api_key: \"********\"",
        "# env LANGSMITH_API_KEY",
        "level: WARNING,app=DEBUG",
        "# env RAGSPAN_LOG",
        "# my.yaml:1",
        "# default",
        "note: ",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let json = run(folder.path(), &["check", "my.yaml", "--json"], &variables);
    assert!(!format!("{shown}{}", text(&json.stdout)).contains("77"));
    let value = conforming(&json.stdout);
    assert_eq!(
        (&value["valid"], &value["file"]),
        (&Value::from(true), &Value::from("my.yaml"))
    );
    let settings = value["settings"].as_array().expect("a list");
    let key = settings.iter().find(|setting| {
        setting["path"]
            .as_str()
            .is_some_and(|path| path.ends_with("langsmith.api_key"))
    });
    assert_eq!(
        key.map(|key| &key["origin"]),
        Some(&Value::from("env LANGSMITH_API_KEY"))
    );
}

#[test]
fn check_lists_every_problem_and_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("ragspan.yaml"),
        format!("{LANGSMITH}\nloging: 1\n"),
    )
    .expect("it is written");
    let output = run(folder.path(), &["check"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let shown = text(&output.stdout);
    for part in [
        "2 problems",
        "ragspan.yaml:1:",
        "LANGSMITH_API_KEY is not set",
        "ragspan.yaml:2:1: loging: unknown key `loging`; did you mean `logging`?",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(text(&output.stderr).contains("ragspan.yaml has 2 problems to fix"));
    let output = run(folder.path(), &["check", "--json"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let value = conforming(&output.stdout);
    assert_eq!(value["problems"][1]["line"], 2);
    assert_eq!(value["problems"][1]["path"], "loging");
    let missing = run(folder.path(), &["check", "none.yaml"], &[]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("cannot read none.yaml"));
}

#[test]
fn doctor_checks_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let doctor = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ragspan"));
        command
            .env_remove("RAGSPAN_CONFIG")
            .env_remove("RAGSPAN_LOG");
        let output = command.current_dir(folder.path()).arg("doctor").output();
        text(&output.expect("it runs").stdout)
    };
    assert!(doctor().contains("no file in this folder"));
    std::fs::write(folder.path().join("ragspan.yaml"), "logging: {}").expect("it is written");
    assert!(doctor().contains("ragspan.yaml is in this folder"));
    std::fs::write(folder.path().join("ragspan.yaml"), "loging: {}").expect("it is written");
    let shown = doctor();
    assert!(
        shown.contains("ragspan.yaml has a problem") && shown.contains("ragspan config check"),
        "{shown}"
    );
}
