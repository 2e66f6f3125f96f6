//! No secret leaves by any door, whatever place of the program it stands in.
//!
//! `src/canary.rs` has the places. First every secret is shown to reach its doors where the rules are off; then none may reach any.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use crate::programs::{CANARY, built, run, succeed};

/// What leaves, by the door that it leaves by.
type Left = BTreeMap<&'static str, String>;

/// The doors that records leave by; a new sink is a line here and one in `left`.
const OF_RECORDS: [&str; 4] = ["standard output", "file", "database", "ragspan logs"];

/// Places whose text stands in the labels of metrics.
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

/// These stand in no record.
const IN_NO_RECORD: [&str; 4] = [
    "feedback's key",
    "a pool's name",
    "a label of a metric of one's own",
    "a sink's path",
];

/// Shown by nobody: a span of tracing's own is none of ours, and its fields are not recorded.
const NOWHERE: [&str; 1] = ["a span of tracing's own"];

/// What fails shows these to `ragspan errors`.
const FAILURES: [&str; 3] = [
    "an error's message",
    "an error's source",
    "a panic's message",
];

/// These hold a key and nothing else, beside those in labels.
const SHORT: [&str; 6] = [
    "a caller's request id",
    "a header of a request",
    "a request's path",
    "a request's session",
    "a request's id",
    "the target of the log crate",
];

/// A place, and the secrets that were put there.
struct Input {
    name: String,
    secrets: Vec<String>,
}

impl Input {
    fn is_one_of(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// Whether all secrets that were put there are in the text.
    fn is_in(&self, text: &str) -> bool {
        let short =
            self.is_one_of(&LABELS) && self.name != "a model's name" || self.is_one_of(&SHORT);
        let mut put = self.secrets.iter().take(if short { 1 } else { 4 });
        put.all(|secret| text.contains(secret.as_str()))
    }

    /// Whether the first of them is: a label is cut.
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

/// All that left, with the rules on or off, and the program's end of this kind.
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

/// What the hook that was there before ours prints of a panic is not ours to change.
fn ours(printed: &str) -> String {
    let lines = printed.lines().filter(|line| line.starts_with("ragspan: "));
    lines.collect::<Vec<_>>().join("\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Empty where there is none.
fn read(path: &Path) -> String {
    std::fs::read(path)
        .map(|bytes| text(&bytes))
        .unwrap_or_default()
}

/// What the `ragspan` command shows of the database.
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
