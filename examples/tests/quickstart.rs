//! The quickstart as its user runs it. `tests/` of the workspace checks its page, its records and its metrics.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// Returns the command that runs the quickstart over the handbook, with a database of this name.
fn quickstart(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    command
        .args(["--corpus", "quickstart/corpus"])
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("OPENAI_API_KEY")
        .env("COLUMNS", "160")
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
    assert!(
        stdout.starts_with("ingested corpus/  ████████████████████ 13/13 files  "),
        "{stdout}"
    );
    assert!(stdout.matches("\nA  ").count() >= 3, "{stdout}");
    assert_eq!(stdout.matches("\n✗  ").count(), 1, "{stdout}");
    assert_eq!(stderr, "", "no bar where there is no terminal");
}

#[test]
fn a_missing_folder_is_an_error_that_names_the_fix() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    let folder = tempfile::tempdir().unwrap();
    let output = command
        .args(["--corpus", "no-such-folder"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        texts(&output).1,
        "error: no-such-folder is not a folder; name one with --corpus\n"
    );
}

/// The quickstart as a service, which is killed if a test fails before it ends by itself.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(name: &str) -> Self {
        let mut command = quickstart(name, &["--serve", "--port", "0"]);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned();
        Self { child, address }
    }

    /// Returns the status and the body of the response to a query.
    fn query(&self, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "POST /query HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        let status = response.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, body) = response.split_once("\r\n\r\n").unwrap();
        (status, serde_json::from_str(body).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn errors_of_the_service_are_json_with_the_trace_of_their_request() {
    let server = Server::start("errors");
    for (sent, expected, error_type) in [
        (
            r#"{"query":"who won the 1954 world cup?","user_id":"ada"}"#,
            404,
            "no_context",
        ),
        (r#"{"query":"  "}"#, 400, "empty_question"),
        (r#"{"question":"?"}"#, 422, "bad_request"),
        ("{", 400, "bad_request"),
    ] {
        let (status, body) = server.query(sent);
        assert_eq!(
            (status, &body["error"]["type"]),
            (expected, &error_type.into()),
            "{sent} {body}"
        );
        assert_eq!(
            body["trace_id"].is_string(),
            error_type != "bad_request",
            "{sent} {body}"
        );
    }
}

/// A real model answers: its usage and its cost are on the page.
#[cfg(feature = "openai")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_waterfall_shows_first_token_tokens_and_cost() {
    const ANSWER: &str = concat!(
        r#"data: {"choices": [{"delta": {"content": "She lays up to two thousand eggs a day."}}]}"#,
        "\n\n",
        r#"data: {"choices": [], "usage": {"prompt_tokens": 120, "completion_tokens": 17}}"#,
        "\n\ndata: [DONE]\n\n"
    );
    let app =
        axum::Router::new().route("/v1/chat/completions", axum::routing::post(async || ANSWER));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let prices = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prices.json");
    std::fs::write(
        &prices,
        r#"{"models": {"test-model": {"input": 1.0, "output": 4.0}}}"#,
    )
    .unwrap();

    let question = ["--question", "How many eggs does a queen lay in a day?"];
    let mut command = quickstart("model", &question);
    command
        .arg("--prices")
        .arg(prices)
        .env("OPENAI_API_KEY", "k")
        .env("OPENAI_BASE_URL", &base)
        .env("OPENAI_MODEL", "test-model");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let (stdout, stderr) = texts(&output);
    assert!(output.status.success(), "{stderr}");
    let line = |start: &str| {
        stdout
            .lines()
            .find(|line| line.starts_with(start))
            .unwrap_or_else(|| panic!("{stdout}"))
    };
    assert!(
        line("   faithfulness").contains(" 1.00 good · 137 tokens · $0.000188 · ada · trace "),
        "{stdout}"
    );
    assert!(line("slowest request").contains(" · $0.000188"), "{stdout}");
    assert!(line("  ├ generate").contains(" first token "), "{stdout}");
}
