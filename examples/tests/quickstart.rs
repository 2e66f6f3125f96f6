//! The program as its user runs it: what it prints, what it keeps from printing, and how it serves and ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn quickstart(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("OPENAI_API_KEY")
        .arg("--db")
        .arg(scratch.join(format!("{}.db", arguments.join("-").replace('/', "_"))));
    command
}

fn run(arguments: &[&str]) -> Output {
    quickstart(arguments).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("the output is UTF-8")
}

#[test]
fn questions_are_answered_with_sources_and_one_is_not() {
    let asked = [
        "--corpus",
        "corpus",
        "--question",
        "How many eggs does a queen lay in a day?",
        "--question",
        "who won the 1954 world cup?",
    ];
    let output = run(&asked);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert!(
        stdout.starts_with("ingested corpus/  ████████████████████ 13/13 files  "),
        "{stdout}"
    );
    assert!(stdout.contains("two thousand eggs a day"), "{stdout}");
    assert!(stdout.contains("[the-colony.md:8]"), "{stdout}");
    assert!(stdout.contains("   faithfulness 1.00 good · "), "{stdout}");
    assert!(
        stdout.contains("✗  no context found (retrieval came back empty)"),
        "{stdout}"
    );
    assert!(stdout.contains(" errors --user grace "), "{stdout}");
    assert_eq!(stderr, "", "no bar where there is no terminal");
}

#[test]
fn a_corpus_without_questions_is_asked_about_its_headings() {
    let output = run(&["--corpus", "corpus"]);
    let stdout = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(stdout.matches("\nA  ").count() >= 3, "{stdout}");
    assert_eq!(stdout.matches("\n✗  ").count(), 1, "{stdout}");
}

#[test]
fn with_json_standard_output_holds_records_only() {
    let output = run(&["--corpus", "corpus", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for line in text(&output.stdout).lines() {
        let record: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
        assert!(record.is_object(), "{line}");
    }
}

#[test]
fn a_missing_folder_is_an_error_that_names_the_cure() {
    let output = run(&["--corpus", "no-such-folder"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: no-such-folder is not a folder; name one with --corpus\n"
    );
}

/// The program as a service, killed if a test fails before it ends by itself.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut child = quickstart(&["--corpus", "corpus", "--serve", "--port", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("standard error is piped");
        let mut line = String::new();
        BufReader::new(stderr).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on http://");
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        Self {
            address: address.to_owned(),
            child,
        }
    }

    /// The status and the body of one request.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).expect("the service listens");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("the service reads");
        let mut response = String::new();
        stream
            .read_to_string(&mut response)
            .expect("the service answers");
        let status = response
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok());
        let (_, body) = response.split_once("\r\n\r\n").expect("headers end");
        (status.expect("a status"), body.to_owned())
    }

    fn query(&self, body: &str) -> (u16, serde_json::Value) {
        let (status, body) = self.ask("POST", "/query", body);
        (status, serde_json::from_str(&body).expect("JSON"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _reaped = self.child.wait();
    }
}

#[test]
fn the_service_answers_with_quality_and_its_trace() {
    let server = Server::start();
    let (status, body) =
        server.query(r#"{"query":"Which acid reaches mites under the caps?","user_id":"ada"}"#);
    assert_eq!(status, 200);
    assert!(
        body["response"].as_str().unwrap().contains("[varroa.md:"),
        "{body}"
    );
    assert_eq!(body["quality"], 1.0);
    assert_eq!(body["quality_tier"], "good");
    assert_eq!(body["trace_id"].as_str().map(str::len), Some(36), "{body}");
}

#[test]
fn errors_are_json_with_the_trace_of_their_request() {
    let server = Server::start();
    let cases = [
        (
            r#"{"query":"who won the 1954 world cup?","user_id":"ada"}"#,
            404,
            "no_context",
        ),
        (r#"{"query":"  "}"#, 400, "empty_question"),
        (r#"{"question":"?"}"#, 422, "bad_request"),
        ("{", 400, "bad_request"),
    ];
    for (sent, expected, error_type) in cases {
        let (status, body) = server.query(sent);
        assert_eq!(status, expected, "{sent} {body}");
        assert_eq!(body["error"]["type"], error_type, "{sent}");
        let was_a_request = error_type != "bad_request";
        assert_eq!(body["trace_id"].is_string(), was_a_request, "{sent} {body}");
    }
}

#[test]
fn health_and_metrics_are_served() {
    let server = Server::start();
    let (status, body) = server.ask("GET", "/health", "");
    let health: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &health["status"]), (200, &"ok".into()));
    assert_eq!(health["model"], "extractive");
    assert_eq!(server.ask("GET", "/metrics", "").0, 200);
}

#[cfg(unix)]
#[test]
fn sigterm_ends_the_service_in_order() {
    let mut server = Server::start();
    let pid = server.child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(sent.success());
    let status = server.child.wait().unwrap();
    assert_eq!(status.code(), Some(0), "it ended by itself");
}
