//! The format `pretty` is aligned, escaped, and coloured on a terminal only; otherwise records are JSON.

use std::process::Command;

use crate::programs::{STARTUP, succeed};

/// Replaces each run of digits and hexadecimal digits in a time, a duration and a trace by one `#`.
fn shape(text: &str) -> String {
    let words = text.split(' ').map(|word| match word {
        _ if word.contains(':') && word.starts_with(|first: char| first.is_ascii_digit()) => "TIME",
        _ if is_trace(word.trim_end()) => "TRACE",
        _ if word.parse::<f64>().is_ok() => "N",
        "µs" | "ms" => "UNIT",
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

fn is_trace(word: &str) -> bool {
    word.len() == 19 && word.as_bytes()[12] == b'-'
}

fn shapes(text: &str) -> Vec<String> {
    let lines = text.lines().map(shape);
    let squeezed = lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    squeezed.collect()
}

#[test]
fn pretty_prints_a_call_on_one_line_and_its_errors_below() {
    let text = succeed(STARTUP, &["format", "pretty"]);
    let expected = [
        "TIME INFO api adding TRACE",
        "TIME INFO api add_complete N UNIT sum=3 TRACE",
        r#"TIME WARNING ingestion half \u001b[2Jread path="/a b" TRACE"#,
        r#"TIME ERROR ingestion parse_failed N UNIT text=two\nthousand TRACE"#,
        "↳ Outer: cannot read the year",
        "↳ caused by: invalid digit found in string",
    ];
    assert_eq!(shapes(&text), expected, "{text}");
    let ends = text
        .lines()
        .filter_map(|line| Some(line.split_once(" ms").or(line.split_once(" µs"))?.0));
    let ends: Vec<usize> = ends.map(|line| line.chars().count()).collect();
    assert!(
        ends.len() == 2 && ends[0] == ends[1],
        "durations are aligned: {text}"
    );
}

#[test]
fn compact_prints_one_line_per_record() {
    let text = succeed(STARTUP, &["format", "compact"]);
    let expected = [
        "TIME INFO adding",
        "TIME INFO add_complete N UNIT sum=3",
        r#"TIME WARNING half \u001b[2Jread path="/a b""#,
        r"TIME ERROR parse_failed N UNIT text=two\nthousand Outer: cannot read the year invalid digit found in string",
    ];
    assert_eq!(shapes(&text), expected, "{text}");
}

#[test]
fn the_format_is_json_outside_a_terminal() {
    let text = succeed(STARTUP, &["format", "auto"]);
    assert_eq!(text.lines().count(), 4);
    assert!(
        text.lines()
            .all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()),
        "{text}"
    );
}

/// Runs the program on a terminal, with these variables.
fn on_a_terminal(variables: &[(&str, &str)]) -> String {
    let mut script = Command::new("script");
    let line = format!("{STARTUP} format auto");
    script
        .args(["-qec", &line, "/dev/null"])
        .env_remove("NO_COLOR")
        .env("TERM", "xterm");
    let output = script.envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_format_is_pretty_and_coloured_on_a_terminal_unless_disabled() {
    let colored = on_a_terminal(&[]);
    assert!(colored.contains("\u{1b}[31mERROR"), "{colored:?}");
    assert!(!colored.contains("\u{1b}[2J"), "only colours: {colored:?}");
    for variables in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = on_a_terminal(&[variables]);
        assert!(
            plain.contains("parse_failed") && !plain.contains('\u{1b}'),
            "{plain:?}"
        );
    }
}
