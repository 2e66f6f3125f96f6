//! The quickstart as its user runs it. `tests/` of the workspace checks its page, its records and its metrics.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use std::path::Path;
use std::process::{Command, Output};

/// Returns the command that runs the quickstart over the handbook, with a database of this name.
fn quickstart(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    command
        .args(["--corpus", "quickstart/corpus"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("OPENAI_API_KEY")
        .env("COLUMNS", "80")
        .arg("--db")
        .arg(scratch.join(format!("{name}.db")));
    command
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn without_questions_it_asks_about_the_headings() {
    let (stdout, stderr) = texts(&quickstart("headings", &[]).output().unwrap());
    let first = "ingested corpus/  ████████████████████ 13/13 files  ";
    assert!(stdout.starts_with(first), "{stdout}");
    assert!(stdout.matches("\nA  ").count() >= 3, "{stdout}");
    assert_eq!(stdout.matches("\n✗  ").count(), 1, "{stdout}");
    assert_eq!(stderr, "", "no bar where there is no terminal");
}

#[test]
fn a_missing_folder_is_an_error_that_names_the_fix() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    let folder = tempfile::tempdir().unwrap();
    command.args(["--corpus", "no-such-folder"]);
    let output = command.current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = "error: no-such-folder is not a folder; name one with --corpus\n";
    assert_eq!(texts(&output).1, message);
}

/// A real model answers: its usage and its cost are on the page.
#[cfg(feature = "openai")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_waterfall_shows_first_token_tokens_and_cost() {
    const ANSWER: &str = r#"
data: {"choices": [{"delta": {"content": "She lays up to two thousand eggs a day."}}]}
data: {"choices": [], "usage": {"prompt_tokens": 120, "completion_tokens": 17}}
data: [DONE]
"#;
    let chat = axum::routing::post(async || ANSWER);
    let app = axum::Router::new().route("/v1/chat/completions", chat);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let prices = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prices.json");
    let table = r#"{"models": {"test-model": {"input": 1.0, "output": 4.0}}}"#;
    std::fs::write(&prices, table).unwrap();

    let question = ["--question", "How many eggs does a queen lay in a day?"];
    let mut command = quickstart("model", &question);
    command.arg("--prices").arg(prices);
    for (name, value) in [
        ("API_KEY", "k"),
        ("BASE_URL", &base),
        ("MODEL", "test-model"),
    ] {
        command.env(format!("OPENAI_{name}"), value);
    }
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let (stdout, stderr) = texts(&output.unwrap().unwrap());
    for part in [
        "   faithfulness 1.00 good · 137 tokens · $0.000188 · ada · trace ",
        " ms · $0.000188\n",
        " first token ",
    ] {
        assert!(stdout.contains(part), "{part} in {stdout}{stderr}");
    }
}
