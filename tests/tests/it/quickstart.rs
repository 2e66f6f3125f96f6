//! The quickstart covers the whole path from an annotated function to an answer from the database.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use ragspan::{SpanId, TraceId};
use ragspan_store::{LogFilter, Reader};
use serde_json::Value;

use crate::programs::built;
use crate::records::Schema;

/// Returns the folder of documents whose answers are known.
pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/quickstart/corpus")
}

pub(crate) const EGGS: &str = "How many eggs does a queen lay in a day?";
pub(crate) const WATER: &str = "How much water may ripe honey contain?";
pub(crate) const CUP: &str = "who won the 1954 world cup?";

/// The user `ada` asks the first, third, .. question, and `grace` the others.
const QUESTIONS: [&str; 5] = [EGGS, CUP, "And for how long does she live?", WATER, EGGS];

/// Returns the command that runs the quickstart in `folder`, without `ragspan` on the path and without a model.
pub(crate) fn quickstart(folder: &Path) -> Command {
    let mut command = Command::new(built("quickstart"));
    command.current_dir(folder).arg("--corpus").arg(corpus());
    for variable in ["COLUMNS", "OPENAI_API_KEY", "OPENAI_BASE_URL", "RAGSPAN_DB"] {
        command.env_remove(variable);
    }
    command.env("PATH", "").stdin(Stdio::null());
    command
}

pub(crate) fn ask(folder: &Path, questions: &[&str], options: &[&str]) -> Output {
    let asked = questions
        .iter()
        .flat_map(|question| ["--question", question]);
    let output = quickstart(folder)
        .args(asked)
        .args(options)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    output
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs the `ragspan` command on the database in `folder`.
fn ragspan(folder: &Path, question: &[&str]) -> Output {
    Command::new(built("ragspan"))
        .args(question)
        .current_dir(folder)
        .env_remove("COLUMNS")
        .env_remove("RAGSPAN_DB")
        .output()
        .unwrap()
}

fn found(folder: &Path, question: &[&str]) -> String {
    let output = ragspan(folder, question);
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{question:?}: {stderr}");
    text(&output.stdout)
}

/// One run with `--json`: its records on standard output and in the database.
struct Run {
    stdout: Vec<String>,
    stderr: String,
    rows: Vec<String>,
}

static RUN: LazyLock<Run> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let output = ask(folder.path(), &QUESTIONS, &["--json"]);
    Run {
        stdout: text(&output.stdout).lines().map(str::to_owned).collect(),
        stderr: text(&output.stderr),
        rows: rows(&folder.path().join("ragspan.db")),
    }
});

#[tokio::main(flavor = "current_thread")]
async fn rows(db: &Path) -> Vec<String> {
    let mut reader = Reader::open(db).await.unwrap();
    let all = LogFilter {
        limit: None,
        ..LogFilter::default()
    };
    let rows = reader.logs(&all).await.unwrap();
    rows.iter().map(|row| row.to_json_line()).collect()
}

fn records() -> Vec<Value> {
    let parse = |line: &String| serde_json::from_str(line).unwrap();
    RUN.stdout.iter().map(parse).collect()
}

fn str_of<'a>(record: &'a Value, key: &str) -> Option<&'a str> {
    record[key].as_str()
}

#[test]
fn every_record_of_a_run_has_its_keys_and_validates() {
    let schema = Schema::new();
    assert!(RUN.stdout.len() > 60, "{} records", RUN.stdout.len());
    for line in &RUN.stdout {
        let record = schema.check(line);
        assert_eq!(record["version"], env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn every_record_is_on_standard_output_and_in_the_database() {
    let emitted = RUN.stdout.len();
    let accounting = format!(
        "ragspan: stdout: delivered {emitted}, left 0, dropped 0; sqlite: delivered {emitted}, left 0, dropped 0\n"
    );
    assert_eq!(RUN.stderr, accounting);
    assert_eq!(RUN.rows.len(), emitted);
    let sorted = |lines: &[String]| lines.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(sorted(&RUN.rows), sorted(&RUN.stdout));
}

#[test]
fn every_span_id_has_the_start_time_of_its_span() {
    let mut roots = 0;
    let records = records();
    for span in records
        .iter()
        .filter(|it| it["context"]["operation"].is_string())
    {
        let id: SpanId = str_of(span, "span_id").unwrap().parse().unwrap();
        let trace: TraceId = str_of(span, "trace_id").unwrap().parse().unwrap();
        let end: jiff::Timestamp = str_of(span, "timestamp").unwrap().parse().unwrap();
        let ms = span["metrics"]["duration_ms"].as_f64().unwrap();
        let began = end.as_microsecond() - (ms * 1000.0).round() as i64;
        let id_millis = i64::try_from(id.unix_millis().expect("version 7")).unwrap();
        assert!((began - id_millis * 1000).abs() <= 1000, "{span}");
        if span["parent_span_id"].is_null() {
            assert_eq!(id.to_string(), trace.to_string());
            roots += 1;
        }
    }
    assert_eq!(
        roots,
        QUESTIONS.len() + 1,
        "each question, and the ingestion"
    );
}

/// Groups records by trace.
fn traces(records: &[Value]) -> BTreeMap<&str, Vec<&Value>> {
    let mut traces = BTreeMap::<_, Vec<_>>::new();
    for record in records {
        let trace = str_of(record, "trace_id").unwrap_or_else(|| panic!("no trace: {record}"));
        traces.entry(trace).or_default().push(record);
    }
    traces
}

/// Returns the first record with this message.
fn with_message<'a>(trace: &[&'a Value], message: &str) -> &'a Value {
    let found = trace.iter().find(|it| it["message"] == message);
    found.unwrap_or_else(|| panic!("no {message} in {trace:#?}"))
}

#[test]
fn every_record_inside_a_request_carries_its_trace_and_context() {
    let records = records();
    let mut users = Vec::new();
    for trace in traces(&records).values() {
        let of = |key| trace.iter().map(|it| &it[key]).collect::<Vec<_>>();
        for key in ["request_id", "user_id", "session_id", "tenant_id"] {
            let values = of(key);
            assert!(
                values.iter().all(|value| *value == values[0]),
                "{key}: {values:?}"
            );
        }
        if let Some(user) = of("user_id")[0].as_str() {
            assert_eq!(of("session_id")[0], &format!("{user}-1"));
            assert_eq!(of("tenant_id")[0], "acme");
            users.push(user);
        } else {
            assert!(
                of("logger").iter().all(|it| *it == "rag.ingestion"),
                "{trace:?}"
            );
        }
    }
    users.sort_unstable();
    assert_eq!(users, ["ada", "ada", "ada", "grace", "grace"]);
}

#[test]
fn the_task_the_thread_and_the_third_party_span_are_part_of_their_request() {
    let records = records();
    let mut answered = 0;
    for trace in traces(&records)
        .values()
        .filter(|it| it[0]["user_id"].is_string())
    {
        let search = trace
            .iter()
            .find(|it| it["context"]["operation"] == "hybrid_search");
        let search = &search.expect("a search")["span_id"];
        for spawned in ["bm25_complete", "vectors_complete"] {
            assert_eq!(
                &with_message(trace, spawned)["parent_span_id"],
                search,
                "{spawned}"
            );
        }
        if trace.iter().any(|it| it["message"] == "answer_complete") {
            let counted = with_message(trace, "counted");
            assert_eq!(counted["logger"], "tokenizer");
            assert_eq!(
                counted["span_id"],
                with_message(trace, "generate_complete")["span_id"]
            );
            answered += 1;
        }
    }
    assert_eq!(answered, 4);
}

#[test]
fn a_question_without_hits_is_an_empty_search_and_a_failed_answer() {
    let records = records();
    let traces = traces(&records);
    let failed = traces
        .values()
        .find(|it| it.iter().any(|it| it["message"] == "answer_failed"));
    let failed = failed.expect("one request failed");
    let (search, answer) = (
        with_message(failed, "hybrid_search_empty"),
        with_message(failed, "answer_failed"),
    );
    assert_eq!(
        (&search["level"], &search["context"]["status"]),
        (&"WARNING".into(), &"empty".into())
    );
    assert_eq!(
        (&answer["level"], &answer["error"]["type"]),
        (&"ERROR".into(), &"no_context".into())
    );
    let bad = records.iter().filter(|it| it["level"] != "INFO");
    assert_eq!(bad.count(), 2, "and nothing else is");
}

/// Returns the lines of a waterfall without times and bars: branches, operation, layer.
fn tree(waterfall: &str) -> Vec<String> {
    let lines = waterfall
        .lines()
        .filter(|line| line.contains(['▏', '▕', '▐', '█', '▌', '▎', '▍', '▋', '▊', '▉']));
    lines
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let operation = words
                .iter()
                .position(|word| word.chars().any(char::is_alphabetic));
            let words = &words[..operation.expect("an operation") + 2];
            // The scheduler decides which of the two searches begins first.
            words
                .join(" ")
                .replace("bm25", "search")
                .replace("vectors", "search")
        })
        .collect()
}

const ANSWERED: [&str; 9] = [
    "answer api",
    "├ recall_history memory",
    "├ hybrid_search retrieval",
    "│ ├ search retrieval",
    "│ ├ search retrieval",
    "│ └ fuse retrieval",
    "├ generate generation",
    "├ evaluate evaluation",
    "└ remember memory",
];

#[test]
fn trace_last_prints_the_tree_of_the_newest_trace() {
    let folder = tempfile::tempdir().unwrap();
    ask(folder.path(), &[EGGS], &[]);
    let shown = found(folder.path(), &["trace", "last"]);
    assert_eq!(tree(&shown), ANSWERED, "{shown}");
    for search in ["bm25", "vectors"] {
        assert!(shown.contains(&format!(" {search} ")), "{shown}");
    }
    let header = shown.lines().take(2).collect::<Vec<_>>().join(" ");
    for part in ["  answer  ✓ ", "user ada · tenant acme · req-"] {
        assert!(header.contains(part), "{header}");
    }
}

#[test]
fn the_commands_lead_from_a_user_to_the_root_cause() {
    let folder = tempfile::tempdir().unwrap();
    ask(folder.path(), &[EGGS, CUP], &[]);
    let errors = found(folder.path(), &["errors", "--user", "grace"]);
    assert_eq!(
        errors.lines().count(),
        2,
        "a title and one failure: {errors}"
    );
    let failure: Vec<_> = errors.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(failure[2..4], ["answer", "no_context"], "{errors}");
    let shown = found(folder.path(), &["trace", failure[1]]);
    assert_eq!(
        tree(&shown)[..3],
        [
            "answer api",
            "├ recall_history memory",
            "└ hybrid_search retrieval"
        ],
        "{shown}"
    );
    let joined = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "answer ✗ failed after ",
        "∅ empty",
        "failed in answer (examples/quickstart/answer.rs:",
        "no_context: no context found (retrieval came back empty)",
        "earlier, hybrid_search returned an empty result",
    ] {
        assert!(joined.contains(part), "{part} in {shown}");
    }
    let nobody = ragspan(folder.path(), &["errors", "--user", "ada"]);
    assert_eq!(nobody.status.code(), Some(1), "ada was not hurt");
}

#[cfg(unix)]
#[test]
fn the_printed_commands_work() {
    for questions in [&[EGGS, CUP][..], &[EGGS]] {
        let folder = tempfile::tempdir().unwrap();
        let stdout = text(&ask(folder.path(), questions, &["--db", "it's.db"]).stdout);
        let (_, next) = stdout
            .split_once("dropped. Next:\n")
            .expect("they are at the end");
        assert_eq!(next.lines().count(), 3, "{next}");
        for line in next.lines() {
            let (cargo, arguments) = line.split_once(" -- ").expect("by way of cargo");
            assert_eq!(cargo.trim(), "cargo run -q -p ragspan-cli");
            let program = built("ragspan");
            let output = Command::new("sh")
                .args(["-c", &format!("{} {arguments}", program.display())])
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{line}: {}", text(&output.stderr));
        }
    }
}

#[test]
fn the_summary_has_only_rows_of_its_own_run() {
    let folder = tempfile::tempdir().unwrap();
    let first = text(&ask(folder.path(), &[EGGS, CUP], &[]).stdout);
    let second = text(&ask(folder.path(), &[WATER], &[]).stdout);
    let calls = |stdout: &str| {
        let row = stdout.lines().find(|line| line.starts_with("api "));
        let words: Vec<_> = row
            .expect("a row")
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        words[1..4].join(" ")
    };
    assert_eq!(
        (calls(&first), calls(&second)),
        ("2 1 0".into(), "1 0 0".into())
    );
    let written = |stdout: &str| {
        let line = stdout
            .lines()
            .find(|line| line.starts_with("wrote "))
            .expect("a count");
        line.split(' ').nth(1).unwrap().parse::<usize>().unwrap()
    };
    let rows = rows(&folder.path().join("ragspan.db"));
    assert_eq!(written(&first) + written(&second), rows.len());
}
