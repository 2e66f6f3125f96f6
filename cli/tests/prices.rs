//! Runs `ragspan prices`: the table that it writes, its errors for an invalid list, and the exit codes.

use std::path::Path;
use std::process::{Command, Output};

use ragspan::prices::Prices;
use ragspan::{Config, Usage};
use serde_json::Value;

const LIST: &str = r#"{
  "sample_spec": {"input_cost_per_token": 0.0},
  "small-1": {"input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07, "cache_read_input_token_cost": 7.5e-08},
  "paint-1": {"output_cost_per_image": 0.04}
}"#;

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ragspan"));
    command.current_dir(folder).arg("prices").args(args);
    command.output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[track_caller]
fn stdout(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn rejected(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    text(&output.stderr)
}

fn with_list(list: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("list.json"), list).expect("it is written");
    folder
}

#[test]
fn an_imported_list_is_loaded_by_a_configuration() {
    let folder = with_list(LIST);
    let shown = stdout(folder.path(), &["import", "list.json"]);
    assert!(
        shown.starts_with("wrote ragspan-prices.json: 1 model, 1 entry without a price"),
        "{shown}"
    );
    let path = folder.path().join("ragspan-prices.json");
    let yaml = format!("logging: {{prices: '{}'}}", path.display());
    let config = Config::from_yaml(&yaml).expect("it is right");
    assert_eq!(config.prices().source(), "list.json");
    let cost = config.prices().cost("small-1", &Usage::new(1, 1));
    assert_eq!(cost.map(|cost| cost.nano_dollars()), Some(750));
}

#[test]
fn the_json_conforms_to_its_schema() {
    let folder = with_list(LIST);
    let args = ["import", "list.json", "--dated", "today", "--json"];
    let value: Value = serde_json::from_str(&stdout(folder.path(), &args)).expect("it is JSON");
    let schema = ragspan_cli::command::Document::Prices.schema();
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("the schema is a schema");
    assert!(schema.is_valid(&value), "{value}");
    assert_eq!(
        (&value["version"], &value["models"], &value["skipped"]),
        (&"today".into(), &1.into(), &1.into())
    );
}

#[test]
fn without_a_date_the_table_has_the_date_of_its_list() {
    let folder = with_list(LIST);
    let table = stdout(folder.path(), &["import", "list.json", "--out", "-"]);
    let prices = Prices::from_json(&table).expect("it is a table");
    let parts: Vec<_> = prices.version().split('-').map(str::len).collect();
    assert_eq!(parts, [4, 2, 2], "{}", prices.version());
    assert!(!folder.path().join("ragspan-prices.json").exists());
}

#[test]
fn a_table_is_overwritten_only_with_force() {
    let folder = with_list(LIST);
    stdout(folder.path(), &["import", "list.json", "--out", "p.json"]);
    let again = rejected(folder.path(), &["import", "list.json", "--out", "p.json"]);
    assert!(again.contains("p.json exists") && again.contains("--force"));
    stdout(
        folder.path(),
        &["import", "list.json", "--out", "p.json", "--force"],
    );
    let nowhere = rejected(
        folder.path(),
        &["import", "list.json", "--out", "no/p.json"],
    );
    assert!(nowhere.contains("cannot write no/p.json"));
}

#[test]
fn an_invalid_list_is_rejected_with_line_and_entry_and_nothing_is_written() {
    let list = "{\n  \"small-1\": {\"input_cost_per_token\": 1e-7},\n  \"odd-1\": {\"input_cost_per_token\": \"cheap\"}\n}";
    let folder = with_list(list);
    let stderr = rejected(folder.path(), &["import", "list.json"]);
    assert!(
        stderr.contains("list.json: line 3: model `odd-1`: `input_cost_per_token` is \"cheap\""),
        "{stderr}"
    );
    assert!(!folder.path().join("ragspan-prices.json").exists());
    let missing = rejected(folder.path(), &["import", "none.json"]);
    assert!(missing.contains("cannot read none.json"), "{missing}");
    let folder = with_list("<html>");
    let stderr = rejected(folder.path(), &["import", "list.json"]);
    assert!(
        stderr.contains("line 1, column 1: invalid JSON"),
        "{stderr}"
    );
}

#[test]
fn the_template_can_be_imported() {
    let folder = tempfile::tempdir().expect("a folder");
    let template = stdout(folder.path(), &["template"]);
    std::fs::write(folder.path().join("mine.json"), &template).expect("it is written");
    let table = stdout(folder.path(), &["import", "mine.json", "--out", "-"]);
    assert_eq!(table, template);
}
