//! No secret is in any output, from whichever input it comes.
//!
//! `src/canary.rs` has the inputs. One test checks that every secret reaches its outputs while the privacy rules are off; another
//! one checks that none reaches an output while they are on.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use crate::programs::{CANARY, built, run, succeed};

/// The text of each output, by its name.
type Left = BTreeMap<&'static str, String>;

/// The outputs of records. A new sink needs a line in this list and one in `left`.
const OF_RECORDS: [&str; 4] = ["standard output", "file", "database", "ragspan logs"];

/// Inputs whose text is in labels of metrics.
const LABELS: [&str; 9] = [
    "an attempt's reason",
    "what a fallback is from",
    "what a fallback goes to",
    "a cache's name",
    "an evaluation's name",
    "feedback's key",
    "a model's name",
    "a pool's name",
    "a label of a metric of one's own",
];

/// Inputs whose text is not in any record.
const IN_NO_RECORD: [&str; 4] = [
    "feedback's key",
    "a pool's name",
    "a label of a metric of one's own",
    "a sink's path",
];

/// Inputs that are not in any output: fields of a plain `tracing` span are not recorded.
const NOWHERE: [&str; 1] = ["a span of tracing's own"];

/// Inputs that `ragspan errors` prints.
const FAILURES: [&str; 3] = [
    "an error's message",
    "an error's source",
    "a panic's message",
];

/// Inputs, beside those in labels, that have a key only.
const SHORT: [&str; 6] = [
    "a caller's request id",
    "a header of a request",
    "a request's path",
    "a request's session",
    "a request's id",
    "the target of the log crate",
];

/// An input, and its secrets.
struct Input {
    name: String,
    secrets: Vec<String>,
}

impl Input {
    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// Returns whether all secrets of the input are in the text.
    fn is_in(&self, text: &str) -> bool {
        let short =
            self.is_one_of(&LABELS) && self.name != "a model's name" || self.is_one_of(&SHORT);
        let mut put = self.secrets.iter().take(if short { 1 } else { 4 });
        put.all(|secret| text.contains(secret.as_str()))
    }

    /// Returns whether the first secret is in the text: a label is truncated.
    fn begins_in(&self, text: &str) -> bool {
        self.secrets
            .iter()
            .take(1)
            .all(|secret| text.contains(secret.as_str()))
    }
}

fn inputs() -> Vec<Input> {
    let listed = succeed(CANARY, &["list"]);
    let line = |line: &str| {
        let mut arguments = line.split('\t').map(str::to_owned);
        Input {
            name: arguments.next().unwrap(),
            secrets: arguments.collect(),
        }
    };
    listed.lines().map(line).collect()
}

/// Returns all outputs of a run with the rules `on` or `off`, and with this kind of end.
fn left(switch: &str, end: Option<&str>) -> Left {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let arguments: Vec<&str> = [switch, path].into_iter().chain(end).collect();
    let output = run(CANARY, &arguments);
    let crashes = matches!(end, Some("panic" | "abort"));
    assert_eq!(output.status.success(), !crashes, "{output:?}");
    let mut left = Left::new();
    left.insert("standard output", text(&output.stdout));
    left.insert("standard error", ours(&text(&output.stderr)));
    for (output, file) in [
        ("metrics", "metrics.txt"),
        ("openmetrics", "openmetrics.txt"),
        ("health", "health.json"),
        ("file", "canary.log"),
    ] {
        left.insert(output, read(&folder.path().join(file)));
    }
    if end != Some("degraded") {
        let raw = ["canary.db", "canary.db-wal"];
        left.insert(
            "database",
            raw.map(|name| read(&folder.path().join(name))).concat(),
        );
        command(folder.path(), &mut left);
    }
    left
}

/// Keeps the lines of ragspan; it does not change the message of the panic hook.
fn ours(printed: &str) -> String {
    let lines = printed.lines().filter(|line| line.starts_with("ragspan: "));
    lines.collect::<Vec<_>>().join("\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns the content of a file, or an empty string if there is none.
fn read(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| text(&bytes))
        .unwrap_or_default()
}

/// Adds the output of the `ragspan` command on the database.
fn command(folder: &Path, left: &mut Left) {
    let ask = |arguments: &[&str]| -> Output {
        let output = Command::new(built("ragspan"))
            .args(["--db", "canary.db"])
            .args(arguments)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?} {output:?}");
        output
    };
    let printed = |arguments: &[&str]| {
        let output = ask(arguments);
        text(&output.stdout) + &text(&output.stderr)
    };
    left.insert(
        "ragspan logs",
        printed(&["logs", "--limit", "1000", "--level", "debug", "--json"]),
    );
    left.insert("ragspan errors", printed(&["errors", "--json"]));
    left.insert(
        "ragspan trace --json",
        printed(&["trace", "last-error", "--json"]),
    );
    left.insert("ragspan why", printed(&["why", "last-error"]));
    left.insert(
        "ragspan trace",
        printed(&["trace", "last-error", "--events"]),
    );
    ask(&["trace", "last-error", "--html", "trace.html"]);
    left.insert("ragspan trace --html", read(&folder.join("trace.html")));
}

#[track_caller]
fn assert_reaches(input: &Input, output: &str, left: &Left) {
    let text = left.get(output).unwrap();
    assert!(
        input.is_in(text),
        "{} does not reach {output}: the test is blind",
        input.name
    );
}

#[track_caller]
fn assert_no_secrets(inputs: &[Input], left: &Left) {
    for (output, text) in left {
        for secret in inputs.iter().flat_map(|input| &input.secrets) {
            assert!(
                !text.contains(secret.as_str()),
                "{secret} leaves by {output}: {text}"
            );
        }
        assert!(
            !text.contains("canary-typed"),
            "what a `Secret` holds leaves by {output}"
        );
    }
}

#[test]
fn without_the_rules_every_canary_reaches_its_outputs() {
    let (inputs, left) = (inputs(), left("off", None));
    for input in &inputs {
        if input.is_one_of(&NOWHERE) {
            continue;
        }
        if !input.is_one_of(&IN_NO_RECORD) {
            for output in OF_RECORDS {
                assert_reaches(input, output, &left);
            }
        }
        for output in ["metrics", "openmetrics"] {
            let begins = input.begins_in(left.get(output).unwrap());
            assert!(
                begins || !input.is_one_of(&LABELS),
                "{} not in {output}",
                input.name
            );
        }
        if input.is_one_of(&FAILURES) {
            for output in [
                "ragspan errors",
                "ragspan trace --json",
                "ragspan trace --html",
            ] {
                assert_reaches(input, output, &left);
            }
        }
    }
    let whole: String = left.values().cloned().collect();
    assert!(
        !whole.contains("canary-typed"),
        "a `Secret` shows nothing under any rules"
    );
}

#[test]
fn with_the_rules_no_canary_is_in_any_output() {
    let left = left("on", None);
    assert_no_secrets(&inputs(), &left);
    for output in OF_RECORDS {
        let text = left.get(output).unwrap();
        assert!(
            text.contains("[redacted:api_keys]") && text.contains("[redacted]"),
            "{output}"
        );
    }
    let counted = left.get("metrics").unwrap();
    for rule in ["api_keys", "bearer", "emails", "cards"] {
        assert!(
            counted.contains(&format!("ragspan_redactions_total{{rule=\"{rule}\"}}")),
            "{counted}"
        );
    }
}

#[test]
fn no_canary_is_in_any_output_when_the_program_panics_or_aborts() {
    let inputs = inputs();
    for end in ["panic", "abort"] {
        let off = left("off", Some(end));
        assert!(
            inputs
                .iter()
                .any(|input| input.is_in(off.get("file").unwrap())),
            "{end}: blind"
        );
        assert_no_secrets(&inputs, &left("on", Some(end)));
    }
}

#[test]
fn a_sink_error_is_reported_without_secrets() {
    let inputs = inputs();
    let path = inputs
        .iter()
        .find(|input| input.name == "a sink's path")
        .unwrap();
    let off = left("off", Some("degraded"));
    for output in ["standard error", "standard output", "health"] {
        assert_reaches(path, output, &off);
    }
    assert_no_secrets(&inputs, &left("on", Some("degraded")));
}
