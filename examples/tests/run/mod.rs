//! Runs a program as its user does, in a pipe, so that each record is a line of JSON on standard output.

use std::process::Command;

use serde_json::Value;

/// What a program has recorded and printed.
pub(crate) struct Run {
    pub(crate) records: Vec<Value>,
    pub(crate) stderr: String,
}

/// Runs a program that must succeed, in a folder of its own.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Run {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
    assert!(output.status.success(), "{stderr}");
    let parse = |line| serde_json::from_str(line).unwrap();
    Run {
        records: stdout.lines().map(parse).collect(),
        stderr,
    }
}

impl Run {
    /// Returns the only record with this message.
    #[track_caller]
    pub(crate) fn record(&self, message: &str) -> &Value {
        match self.records(message)[..] {
            [record] => record,
            ref others => panic!("{} records {message} in {:#?}", others.len(), self.records),
        }
    }

    /// Returns the records with this message, in order.
    pub(crate) fn records(&self, message: &str) -> Vec<&Value> {
        self.records
            .iter()
            .filter(|it| it["message"] == message)
            .collect()
    }

    /// Returns level and message of each record, in order.
    pub(crate) fn levels(&self) -> String {
        let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let level = |it| format!("{} {}", text(it, "level"), text(it, "message"));
        self.records
            .iter()
            .map(level)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Asserts that a record has these values, in `context` or in `metrics`.
#[track_caller]
pub(crate) fn holds(record: &Value, fields: &Value) {
    for (name, value) in fields.as_object().unwrap() {
        let found = [&record["context"], &record["metrics"]].map(|part| &part[name]);
        assert!(found.contains(&value), "{name} = {value} in {record}");
    }
}
