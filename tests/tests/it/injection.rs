//! Control sequences and markup in text are escaped in every output: a record stays one line of valid JSON, and no control
//! sequence reaches a terminal.
//!
//! `src/canary.rs` uses the same inputs for attacks as for secrets.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::programs::{CANARY, built, succeed};

/// Returns the output of the program in this format, and its folder.
fn attacked(format: Option<&str>) -> (String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let words: Vec<&str> = ["hostile", path].into_iter().chain(format).collect();
    (succeed(CANARY, &words), folder)
}

/// Returns whether a character moves the cursor, ends a line, changes the direction of text or is invisible.
fn is_unsafe_to_print(character: char) -> bool {
    let lines_end = character == '\n';
    let others = "\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}\u{200e}\u{200f}\u{61c}\u{feff}\u{fff9}\u{200b}\u{200d}\u{2060}\u{ad}\u{e0041}\u{e007f}";
    (character.is_control() && !lines_end) || others.contains(character)
}

#[track_caller]
fn assert_plain(output: &str, text: &str) {
    if let Some(at) = text.find(is_unsafe_to_print) {
        let from = text.floor_char_boundary(at.saturating_sub(80));
        let excerpt: String = text.split_at(from).1.chars().take(160).collect();
        panic!("{output} shows {excerpt:?}");
    }
}

/// Returns the number of inputs whose attack is in the text.
fn shown(text: &str) -> usize {
    (0..100)
        .filter(|input| text.contains(&format!("attack{input:02}")))
        .count()
}

fn read(path: &Path) -> String {
    String::from_utf8(std::fs::read(path).unwrap()).unwrap()
}

#[track_caller]
fn assert_records(output: &str, text: &str) {
    assert_plain(output, text);
    let mut messages = Vec::new();
    for line in text.lines() {
        let record: Value = serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{output}: {error}: {line:.200}"));
        assert_eq!(record.as_object().unwrap().len(), 18, "{line:.200}");
        assert!(line.len() <= 256 * 1024, "{} bytes", line.len());
        messages.push(record["message"].as_str().unwrap_or_default().to_owned());
    }
    assert!(
        messages.iter().all(|message| message != "forged"),
        "{output}: a record was forged"
    );
    assert!(
        messages
            .iter()
            .any(|message| message.starts_with("enormous")),
        "{messages:?}"
    );
    assert!(
        shown(text) > 25,
        "{output} shows the attacks of {} inputs",
        shown(text)
    );
}

#[test]
fn a_record_is_one_line_of_json_for_any_content() {
    let (printed, folder) = attacked(None);
    assert_records("standard output", &printed);
    let file = read(&folder.path().join("canary.log"));
    assert_records("the file", &file);
    assert_eq!(printed.lines().count(), file.lines().count());
    let health = read(&folder.path().join("health.json"));
    assert_plain("health", &health);
    for name in ["metrics.txt", "openmetrics.txt"] {
        let metrics = read(&folder.path().join(name));
        assert_plain(name, &metrics);
        assert!(shown(&metrics) >= 8, "{metrics}");
        let is_metric = |line: &str| line.is_empty() || line.starts_with(['#', 'r', 'c']);
        assert!(
            metrics.lines().all(is_metric),
            "an attack began a line of {name}"
        );
    }
}

#[test]
fn no_control_sequence_reaches_a_terminal() {
    for format in ["pretty", "compact"] {
        let (printed, _folder) = attacked(Some(format));
        assert_plain(format, &printed);
        assert!(
            shown(&printed) > 20,
            "{format} shows the attacks of {} inputs",
            shown(&printed)
        );
    }
}

#[test]
fn the_command_prints_no_control_sequence() {
    let (_, folder) = attacked(None);
    let ask = |words: &[&str]| {
        let output = Command::new(built("ragspan"))
            .args(["--db", "canary.db"])
            .args(words)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?} {output:?}");
        let text =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_plain(&words.join(" "), &text);
        text
    };
    let logs = ["logs", "--limit", "1000", "--level", "debug"];
    // Each row of the table has one message on one line.
    assert!(shown(&ask(&logs)) > 2);
    let json = ask(&[&logs[..], &["--json"]].concat());
    assert!(
        json.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok())
    );
    assert!(shown(&json) > 25);
    for words in [
        &["errors"][..],
        &["errors", "--json"],
        &["trace", "last-error"],
        &["trace", "last-error", "--events"],
        &["trace", "last-error", "--json"],
        &["why", "last-error"],
        &["stats"],
    ] {
        ask(words);
    }
    ask(&["trace", "last-error", "--html", "trace.html"]);
    let page = read(&folder.path().join("trace.html"));
    assert_plain("the page", &page);
    assert!(
        shown(&page) > 3 && !page.contains("<script>\\"),
        "the text is not part of the page"
    );
}
