//! The names that ragspan writes into a record are spelled in `record::keys` alone, and mean ragspan's value only.

use std::path::PathBuf;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use ragspan_core::record::keys::{self, Key};
use ragspan_store::{LogFilter, Reader, SlowFilter, StoredRecord};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Row};

use crate::programs::{COLUMNS, succeed};
use crate::vocabulary::texts;

/// Folders whose sources read or write records.
const FOLDERS: [&str; 5] = [
    "core/src",
    "macros/src",
    "store/src",
    "runtime/src",
    "cli/src",
];

/// The file that defines the names.
const TABLE: &str = "core/src/record/keys.rs";

/// Records for unit tests of the command.
const SAMPLES: &str = "cli/src/sample.rs";

/// Beginnings of paths, the name that their files may spell, and the thing that has the same name there.
const ALLOWED: [(&str, &str, &str); 21] = [
    ("core/src/usage/shape", "cached_input_tokens", PROVIDER),
    ("core/src/usage/shape", "input_tokens", PROVIDER),
    ("core/src/usage/shape", "output_tokens", PROVIDER),
    ("core/src/usage/shape", "cache_write_tokens", PROVIDER),
    ("core/src/usage/shape", "reasoning_tokens", PROVIDER),
    ("core/src/usage/shape", "total_tokens", PROVIDER),
    ("store/src", "duration_ms", COLUMN),
    ("store/src", "error_span_id", COLUMN),
    ("store/src", "llm_calls", COLUMN),
    ("store/src", "input_tokens", COLUMN),
    ("store/src", "cached_input_tokens", COLUMN),
    ("store/src", "cache_write_tokens", COLUMN),
    ("store/src", "output_tokens", COLUMN),
    ("store/src", "reasoning_tokens", COLUMN),
    ("store/src", "total_tokens", COLUMN),
    ("store/src/condition.rs", "model", EXAMPLE),
    ("cli/src/command/logs.rs", "duration_ms", EXAMPLE),
    ("cli/src/command/logs.rs", "model", EXAMPLE),
    ("cli/src/command/logs.rs", "output_tokens", EXAMPLE),
    ("cli/src/command/slow.rs", "duration_ms", EXAMPLE),
    (
        "runtime/src/http/settings.rs",
        "user_agent",
        "a field in `Debug`",
    ),
];

const PROVIDER: &str = "a key of a provider's reply";
const COLUMN: &str = "a column of the table `logs`";
const EXAMPLE: &str = "an example of a condition, in a help or a message";

/// A string literal, and whether it names a member: `x.get("name")` or `x["name"]`.
struct Literal {
    text: String,
    line: usize,
    is_member: bool,
}

/// Whether the name is found in other texts by chance: it is one word.
fn is_plain_word(key: &Key) -> bool {
    key.name.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_part_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Whether the text has the name, and not as a part of a longer one.
fn has_name(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text
            .get(at + name.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(is_part_of_name) && !after.is_some_and(is_part_of_name)
    })
}

/// Whether the literal spells the key. One that is a plain word has to be a member or a path to be more than a word.
fn spells(literal: &Literal, key: &Key) -> bool {
    if !is_plain_word(key) {
        return has_name(&literal.text, key.name);
    }
    let paths = ["$.", "$.\"", "context.", "metrics."];
    literal.is_member && literal.text == key.name
        || paths
            .iter()
            .any(|path| has_name(&literal.text, &format!("{path}{}", key.name)))
}

/// Calls the function with each string literal outside of documentation and of modules of tests.
fn literals(tokens: TokenStream, found: &mut impl FnMut(Literal)) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            _ if is_test_module(&tokens[at..]) => return,
            TokenTree::Group(group) if is_doc(group) => {}
            TokenTree::Group(group) => {
                in_group(group, at.checked_sub(1).map(|at| &tokens[at]), found)
            }
            TokenTree::Literal(literal) => found(string(literal, false)),
            _ => {}
        }
    }
}

/// Visits a group; a single literal of an index or of `get(..)` is a member.
fn in_group(group: &Group, before: Option<&TokenTree>, found: &mut impl FnMut(Literal)) {
    let mut inner = group.stream().into_iter();
    if let (Some(TokenTree::Literal(literal)), None) = (inner.next(), inner.next()) {
        let is_get = matches!(before, Some(TokenTree::Ident(name)) if name == "get");
        let is_index = group.delimiter() == Delimiter::Bracket
            && matches!(before, Some(TokenTree::Ident(_) | TokenTree::Group(_)));
        found(string(&literal, is_get || is_index));
    } else {
        literals(group.stream(), found);
    }
}

/// Modules of tests are the last of their file.
fn is_test_module(tokens: &[TokenTree]) -> bool {
    let [
        TokenTree::Punct(mark),
        TokenTree::Group(attribute),
        TokenTree::Ident(item),
        ..,
    ] = tokens
    else {
        return false;
    };
    mark.as_char() == '#' && attribute.stream().to_string() == "cfg (test)" && item == "mod"
}

fn is_doc(group: &Group) -> bool {
    matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
}

fn string(literal: &proc_macro2::Literal, is_member: bool) -> Literal {
    let line = literal.span().start().line;
    let text = match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(text) => text.value(),
        _ => String::new(),
    };
    Literal {
        text,
        line,
        is_member,
    }
}

/// Each name that the source spells: `file:line: name`.
fn spelled(file: &str, text: &str) -> Vec<String> {
    let mut all = Vec::new();
    literals(text.parse().unwrap(), &mut |literal| {
        for key in keys::ALL.iter().filter(|key| spells(&literal, key)) {
            let is_allowed =
                |(path, name, _): &(&str, &str, &str)| file.starts_with(path) && *name == key.name;
            if !ALLOWED.iter().any(is_allowed) {
                all.push(format!("{file}:{}: {}", literal.line, key.name));
            }
        }
    });
    all
}

#[test]
fn names_of_the_table_are_spelled_nowhere_else() {
    let is_test =
        |file: &str| file.ends_with("tests.rs") || file.contains("/tests/") || file == SAMPLES;
    let sources = FOLDERS.into_iter().flat_map(texts);
    let sources = sources.filter(|(file, _)| file != TABLE && !is_test(file));
    let wrong: Vec<_> = sources
        .flat_map(|(file, text)| spelled(&file, &text))
        .collect();
    assert!(
        wrong.is_empty(),
        "use `record::keys`:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn planted_names_are_found() {
    let text = "/// `cost_usd`\n fn f() { a(\"SELECT cost_usd\"); x[\"status\"]; y.get(\"kind\");\n sql!(\"$.model\") }";
    let expected = [
        "a.rs:2: cost_usd",
        "a.rs:2: status",
        "a.rs:2: kind",
        "a.rs:3: model",
    ];
    let mut found = spelled("a.rs", text);
    found.sort_unstable_by_key(|line| expected.iter().position(|expected| expected == line));
    assert_eq!(found, expected);
    let allowed = "const A: &str = \"status\"; f(\"all cost_usd_total\"); #[cfg(test)] mod t { const B: &str = \"cost_usd\"; }";
    assert_eq!(spelled("a.rs", allowed), [""; 0]);
}

/// The records that the program `columns` stored.
struct Stored {
    folder: tempfile::TempDir,
}

impl Stored {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stored = Self { folder };
        succeed(COLUMNS, &[stored.path().to_str().unwrap()]);
        stored
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("a.db")
    }

    async fn reader(&self) -> Reader {
        Reader::open(&self.path()).await.unwrap()
    }

    async fn events(&self, condition: &str) -> Vec<StoredRecord> {
        let mut records = self.logs(condition).await;
        records.retain(|record| !record.is_span());
        records
    }

    async fn logs(&self, condition: &str) -> Vec<StoredRecord> {
        let filter = LogFilter {
            conditions: vec![condition.parse().unwrap()],
            ..LogFilter::default()
        };
        self.reader().await.logs(&filter).await.unwrap()
    }

    /// The records, each with the typed columns that the test compares.
    async fn columns(&self) -> Vec<(StoredRecord, SqliteRow)> {
        const QUERY: &str = "SELECT seq, operation, status, layer, is_local_root, model, input_tokens, \
            cached_input_tokens, output_tokens, cost_nanos, error_type, error_span_id FROM logs ORDER BY seq";
        let options = SqliteConnectOptions::new().filename(self.path());
        let mut connection = options.connect().await.unwrap();
        let rows = sqlx::query(QUERY).fetch_all(&mut connection).await.unwrap();
        let mut records = self
            .reader()
            .await
            .logs(&LogFilter::default())
            .await
            .unwrap();
        records.sort_unstable_by_key(|record| record.seq);
        assert_eq!(records.len(), rows.len());
        records.into_iter().zip(rows).collect()
    }
}

fn operations(records: &[StoredRecord]) -> Vec<String> {
    let spans = records.iter().filter_map(StoredRecord::span);
    spans.map(|span| span.operation).collect()
}

#[tokio::test]
async fn a_users_field_with_a_reserved_name_changes_no_answer() {
    let stored = Stored::new();
    let mut reader = stored.reader().await;
    let requests = reader.slowest(&SlowFilter::default()).await.unwrap();
    assert_eq!(operations(&requests), ["answer"]);
    let load = stored.logs("context.operation=load").await;
    assert_eq!(operations(&load), ["load"]);
    let context: Value = serde_json::from_str(&load[0].context).unwrap();
    let moved = json!({"remote_parent": true, "status": "mine", "operation": "mine"});
    assert_eq!(context["fields"], moved);
    assert_eq!(context["status"], "success");
}

#[tokio::test]
async fn typed_columns_equal_the_values_in_the_record() {
    let stored = Stored::new();
    let mut spans = 0;
    for (record, row) in stored.columns().await {
        let Some(span) = record.span() else { continue };
        let line = record.to_json_line();
        assert_eq!(
            row.get::<Option<String>, _>("operation"),
            Some(span.operation),
            "{line}"
        );
        let status = span.outcome.map(|outcome| outcome.status().to_owned());
        assert_eq!(row.get::<Option<String>, _>("status"), status, "{line}");
        assert_eq!(row.get::<Option<String>, _>("layer"), span.layer, "{line}");
        assert_eq!(
            row.get::<bool, _>("is_local_root"),
            span.is_local_root,
            "{line}"
        );
        assert_eq!(row.get::<Option<String>, _>("model"), span.model, "{line}");
        let tokens = ["input_tokens", "cached_input_tokens", "output_tokens"];
        let tokens = tokens.map(|column| row.get::<Option<i64>, _>(column).unwrap_or_default());
        let usage = span.usage.unwrap_or_default();
        let expected = [usage.input, usage.cached_input, usage.output];
        assert_eq!(tokens.map(i64::cast_unsigned), expected, "{line}");
        let nanos = row.get::<Option<i64>, _>("cost_nanos");
        assert_eq!(
            nanos.map(i64::cast_unsigned),
            span.cost.map(|cost| cost.nano_dollars()),
            "{line}"
        );
        let error = span.error.map(|error| error.error_type);
        assert_eq!(row.get::<Option<String>, _>("error_type"), error, "{line}");
        assert_eq!(
            row.get::<Option<String>, _>("error_span_id"),
            span.error_origin,
            "{line}"
        );
        spans += 1;
    }
    assert_eq!(spans, 4);
}

#[tokio::test]
async fn scores_claims_and_feedback_are_records_that_can_be_asked_for() {
    let stored = Stored::new();
    let scores = stored.events("context.metric=faithfulness").await;
    assert_eq!(scores.len(), 1);
    assert!(scores[0].metrics.contains("0.75"), "{}", scores[0].metrics);
    let claims = stored.events("metrics.hallucinated_claims=1").await;
    assert_eq!(claims.len(), 1);
    let feedback = stored.events("context.key=helpful").await;
    assert_eq!(feedback.len(), 1);
    for record in [&scores[0], &claims[0], &feedback[0]] {
        assert_eq!(record.level, "INFO");
        assert!(record.trace_id.is_some());
    }
}
