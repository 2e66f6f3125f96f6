//! One file configures everything: it is found, parsed, and overridden by the environment, and its errors name the fix.

use std::path::Path;
use std::process::{Command, Output};

use crate::programs::{CONFIGURED, succeed};

/// The example file of the design.
const SEED: &str = include_str!("../../../runtime/src/config/load/seed.yaml");

fn program(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(CONFIGURED);
    for name in [
        "RAGSPAN_CONFIG",
        "RAGSPAN_LOG",
        "RUST_LOG",
        "DATABASE_URL",
        "LANGSMITH_API_KEY",
        "SLACK_WEBHOOK",
        "OTEL_SERVICE_NAME",
        "OTEL_RESOURCE_ATTRIBUTES",
    ] {
        command.env_remove(name);
    }
    command
        .current_dir(folder)
        .args(arguments)
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[track_caller]
fn printed(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = program(folder, arguments, variables);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(folder: &Path, variables: &[(&str, &str)]) -> String {
    let output = program(folder, &["load"], variables);
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

fn put(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).unwrap();
}

fn named(name: &str) -> String {
    format!("logging: {{service: {{name: {name}}}}}")
}

#[test]
fn a_file_is_searched_at_four_locations_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let source = |variables: &[(&str, &str)]| {
        let printed = printed(folder, &["load"], variables);
        printed
            .lines()
            .next()
            .unwrap()
            .trim_start_matches("source: ")
            .to_owned()
    };
    assert_eq!(source(&[]), "none");
    put(folder, "logging_config.yaml", &named("seed"));
    assert_eq!(source(&[]), "logging_config.yaml");
    put(folder, "ragspan.yaml", &named("ours"));
    assert_eq!(source(&[]), "ragspan.yaml");
    put(folder, "other.yaml", &named("other"));
    assert_eq!(source(&[("RAGSPAN_CONFIG", "other.yaml")]), "other.yaml");
    let error = refused(folder, &[("RAGSPAN_CONFIG", "none.yaml")]);
    assert!(
        error.contains("cannot read none.yaml: check that it exists"),
        "{error}"
    );
}

#[test]
fn the_seed_file_loads_verbatim_and_the_start_reports_unsupported_keys() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "logging_config.yaml",
        &SEED.replace("port: 9090", "port: 0"),
    );
    let variables = [
        ("LANGSMITH_API_KEY", "ls"),
        ("DATABASE_URL", "postgres://rag@db/rag"),
        ("SLACK_WEBHOOK", "https://hooks.example.com/x"),
    ];
    let printed = printed(folder.path(), &["start"], &variables);
    for part in [
        "problem: logging.structured_logging.backends.langsmith is enabled, but langsmith is not in this build",
        "problem: none of the enabled backends is in this build: records go to standard output",
        r#""message":"add_complete""#,
        "metrics: Some(127.0.0.1:",
    ] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    assert!(
        !folder.path().join("ragspan.db").exists(),
        "only enabled backends run"
    );
}

#[test]
fn the_service_is_that_of_the_file_else_of_opentelemetrys_variables_else_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let started = |variables: &[(&str, &str)], parts: [&str; 3]| {
        let printed = printed(folder.path(), &["start"], variables);
        let [name, version, environment] = parts;
        let info = format!(
            "rag_service_info{{service_name=\"{name}\",service_version=\"{version}\",deployment_environment_name=\"{environment}\"}} 1"
        );
        let record = format!(r#""environment":"{environment}","version":"{version}""#);
        for part in [info, record] {
            assert!(printed.contains(&part), "{part} in {printed}");
        }
    };
    let metrics = "metrics: {port: 0}, structured_logging: {format: json}";
    put(
        folder.path(),
        "ragspan.yaml",
        &format!("logging: {{{metrics}}}"),
    );
    let package = env!("CARGO_PKG_VERSION");
    started(&[], ["configured", package, "development"]);
    let attributes = "service.name=b,service.version=2.0%2C1,deployment.environment.name=stage";
    let variables = [("OTEL_RESOURCE_ATTRIBUTES", attributes)];
    started(&variables, ["b", "2.0,1", "stage"]);
    let variables = [("OTEL_SERVICE_NAME", "a"), variables[0]];
    started(&variables, ["a", "2.0,1", "stage"]);
    let loaded = printed(folder.path(), &["load"], &variables);
    for part in [
        "logging.service.name: a # env OTEL_SERVICE_NAME",
        "logging.service.version: 2.0,1 # env OTEL_RESOURCE_ATTRIBUTES",
    ] {
        assert!(loaded.contains(part), "{part} in {loaded}");
    }
    put(
        folder.path(),
        "ragspan.yaml",
        &format!("logging: {{service: {{name: c, version: 3, environment: live}}, {metrics}}}"),
    );
    started(&variables, ["c", "3", "live"]);
}

#[test]
fn ten_mistakes_are_reported_in_one_message_with_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let file = "\
logging:
  servce: {name: x}
  structured_logging:
    enabled: yes
    format: prety
    level: loud
    backends:
      langsmith: {enabled: true, api_key: '${LANGSMITH_API_KEY}'}
  metrics:
    port: 99999
    port: 9464
    scrape_interval: 15
    address: example.com
  retention: 7
";
    put(folder.path(), "ragspan.yaml", file);
    let error = refused(folder.path(), &[]);
    for part in [
        "the configuration has 10 problems:",
        "ragspan.yaml:2:3: logging.servce: unknown key `servce`; did you mean `service`?",
        "ragspan.yaml:4:14: logging.structured_logging.enabled: expected true or false, found `yes`",
        "ragspan.yaml:5:13: logging.structured_logging.format: expected one of auto, json, pretty, compact, found `prety`; did you mean `pretty`?",
        "ragspan.yaml:6:12: logging.structured_logging.level: expected a level, or directives, found `loud`",
        "ragspan.yaml:8:43: logging.structured_logging.backends.langsmith.api_key: the variable LANGSMITH_API_KEY is not set",
        "ragspan.yaml:10:11: logging.metrics.port: expected a whole number from 0 to 65535, found `99999`",
        "ragspan.yaml:11:5: logging.metrics: duplicate key `port`, first on line 10",
        "ragspan.yaml:12:22: logging.metrics.scrape_interval: expected a duration such as 15s, from 1s to 24h, found `15`",
        "ragspan.yaml:13:14: logging.metrics.address: expected an IP address, such as 127.0.0.1, found `example.com`",
        "ragspan.yaml:14:14: logging.retention: expected the keys hot_days, ",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn the_environment_decides_the_levels_of_a_running_service() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "ragspan.yaml",
        "logging: {structured_logging: {level: error, format: json}, metrics: {enabled: false}}",
    );
    let messages = |variables: &[(&str, &str)]| {
        let printed = printed(folder.path(), &["start"], variables);
        let records = printed
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        records
            .map(|record| record["message"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(messages(&[]), [""; 0]);
    assert_eq!(messages(&[("RUST_LOG", "info")]), ["add_complete"]);
    assert_eq!(
        messages(&[
            ("RUST_LOG", "trace"),
            ("RAGSPAN_LOG", "off,configured=info")
        ]),
        ["add_complete"]
    );
    assert_eq!(
        messages(&[("RAGSPAN_LOG", "off,configured=debug")]),
        ["add_started", "adding", "add_complete"]
    );
    assert_eq!(
        messages(&[("RAGSPAN_LOG", "debug,configured=off")]),
        [""; 0]
    );
}

#[test]
fn records_and_metrics_are_switched_off_separately() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "ragspan.yaml",
        "logging: {structured_logging: {enabled: false}, metrics: {port: 0}}",
    );
    let quiet = printed(folder.path(), &["start"], &[]);
    assert!(
        !quiet.contains("add_complete") && quiet.contains("metrics: Some("),
        "{quiet}"
    );
    put(
        folder.path(),
        "ragspan.yaml",
        "logging: {structured_logging: {format: json}, metrics: {enabled: false}}",
    );
    let dark = printed(folder.path(), &["start"], &[]);
    assert!(
        dark.contains("add_complete") && dark.contains("metrics: None"),
        "{dark}"
    );
    assert!(
        dark.contains("families: 0\n") && !quiet.contains("families: 0\n"),
        "nothing is counted that nobody wants: {dark}{quiet}"
    );
    assert!(
        dark.contains("stdout: delivered 1, left 0, dropped 0"),
        "the delivery stats do not depend on it: {dark}"
    );
    assert!(dark.contains("recorder: free"), "{dark}");
}

#[test]
fn a_secret_is_read_from_a_file_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "key", "secret-77\n");
    let path = folder.path().join("key");
    let file = format!(
        "logging: {{structured_logging: {{backends: {{datadog: {{enabled: true, api_key: '${{file:{}}}'}}}}}}}}",
        path.display()
    );
    put(folder.path(), "ragspan.yaml", &file);
    let printed = printed(folder.path(), &["load"], &[]);
    let line = format!(
        "logging.structured_logging.backends.datadog.api_key: ******** # file {}",
        path.display()
    );
    assert!(
        printed.contains(&line) && !printed.contains("77"),
        "{printed}"
    );
}

/// The memory limit of the program in KiB: an expansion bomb of 100 MB does not fit.
const MEMORY: u32 = 64 * 1024;

fn bombed(folder: &Path, bomb: &str) -> String {
    put(folder, "bomb.yaml", bomb);
    let limited = format!("ulimit -v {MEMORY} && exec \"$0\" load");
    let output = Command::new("sh")
        .args(["-c", &limited, CONFIGURED])
        .current_dir(folder)
        .env("RAGSPAN_CONFIG", "bomb.yaml")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{error}");
    error
}

#[test]
fn alias_bombs_are_rejected_in_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let laughs = (1..30).fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, level| {
            let below = vec![format!("*a{}", level - 1); 9].join(", ");
            text + &format!("a{level}: &a{level} [{below}]\n")
        },
    );
    for (bomb, why) in [
        (laughs, "more than 10,000 values"),
        ("[".repeat(1_000_000), "recursion limit"),
        (
            "a: ".to_owned() + &"{a: ".repeat(200_000),
            "recursion limit",
        ),
        ("- ".repeat(500_000), "recursion limit"),
        ("x\n".repeat(50_000_000), "larger than 1 MiB"),
        (
            format!(
                "a: &a {}\nb: [{}]\n",
                "x".repeat(500_000),
                "*a, ".repeat(9_000)
            ),
            "more than 1 MiB",
        ),
        ("k: v\n".repeat(200_000), "more than 10,000 values"),
    ] {
        let error = bombed(folder.path(), &bomb);
        assert!(error.contains(why), "{why} in {error}");
    }
}

#[test]
fn endless_files_are_rejected_in_bounded_memory() {
    let limited = format!("ulimit -v {MEMORY} && exec \"$0\" load");
    let output = Command::new("sh")
        .args(["-c", &limited, CONFIGURED])
        .env("RAGSPAN_CONFIG", "/dev/zero")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("larger than 1 MiB"), "{error}");
}

#[test]
fn broken_files_do_not_panic() {
    let printed = succeed(CONFIGURED, &["fuzz", "3000", "1"]);
    assert!(printed.starts_with("3000 read, "), "{printed}");
    let right: u32 = printed
        .trim_end_matches(" right\n")
        .rsplit(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        (100..2900).contains(&right),
        "the files are broken too little or too much: {printed}"
    );
}
