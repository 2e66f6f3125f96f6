//! The tutorial works as written: its files build at every step, and its commands print what it shows.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::page::{is_trace, shape};
use crate::programs::{EMIT, built};
use crate::quickstart::text;

const PAGE: &str = include_str!("../../../docs/tutorial.md");

/// A fenced block: its info string, and its lines.
#[derive(Debug)]
struct Block {
    kind: &'static str,
    file: &'static str,
    text: String,
}

/// Returns the blocks of each step.
fn steps() -> Vec<Vec<Block>> {
    let steps = PAGE.split("\n## ").skip(1);
    let steps = steps.filter(|step| step.starts_with(|c: char| c.is_ascii_digit()));
    steps.map(blocks).collect()
}

fn blocks(step: &'static str) -> Vec<Block> {
    let fences: Vec<_> = step.split("\n```").skip(1).step_by(2).collect();
    let block = |fence: &&'static str| {
        let (head, text) = fence.split_once('\n').unwrap();
        let (kind, file) = head.split_once(' ').unwrap_or((head, ""));
        let text = format!("{text}\n");
        Block { kind, file, text }
    };
    fences.iter().map(block).collect()
}

/// Returns the commands of a console block, each with the output that the page shows.
fn commands(block: &Block) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
            (None, Some((_, shown))) => shown.push(line.to_owned()),
            (None, None) => panic!("{line:?} comes before a command"),
        }
    }
    commands
}

/// The reader's project, and its ports, which differ from those on the page.
struct Project {
    folder: tempfile::TempDir,
    metrics: u16,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        // The same versions as in this workspace, so that built dependencies are shared.
        std::fs::copy(root.join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let metrics = free.local_addr().unwrap().port();
        Self { folder, metrics }
    }

    fn write(&self, block: &Block) {
        let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime");
        let mut text = block
            .text
            .replace("127.0.0.1:8000", "127.0.0.1:0")
            .replace("127.0.0.1:9464", &format!("127.0.0.1:{}", self.metrics))
            .replace("../ragspan/runtime", runtime.to_str().unwrap());
        if block.file == "Cargo.toml" {
            text.push_str("\n[profile.dev]\ndebug = \"line-tables-only\"\n");
            text.push_str("[profile.dev.package.\"*\"]\ndebug = false\n");
        }
        std::fs::write(self.folder.path().join(block.file), text).unwrap();
    }

    /// Builds the program in the target folder of this workspace, and returns its path.
    fn build(&self) -> PathBuf {
        let target = Path::new(EMIT).parent().unwrap().parent().unwrap();
        let output = Command::new(env!("CARGO"))
            .args(["build", "--target-dir"])
            .arg(target)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let stderr = text(&output.stderr);
        assert!(
            output.status.success() && !stderr.contains("warning: unused"),
            "{stderr}"
        );
        target
            .join("debug")
            .join(format!("shelf{}", std::env::consts::EXE_SUFFIX))
    }

    fn ragspan(&self, command: &str) -> String {
        let output = Command::new(built("ragspan"))
            .args(command.split(' ').skip(1))
            .current_dir(self.folder.path())
            .env_remove("RAGSPAN_DB")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{command}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }
}

/// The service, which is killed if a test fails before it ends by itself.
struct Service {
    child: Child,
    address: String,
    output: BufReader<ChildStdout>,
}

impl Service {
    fn start(program: &Path, folder: &Path) -> Self {
        let mut child = Command::new(program)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://");
        let address = address
            .unwrap_or_else(|| panic!("no address in {line:?}"))
            .to_owned();
        Self {
            child,
            address,
            output,
        }
    }

    /// Stops the service as an orchestrator does, and returns its standard error.
    fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let mut records = String::new();
        self.output.read_to_string(&mut records).unwrap();
        let mut stderr = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        assert!(self.child.wait().unwrap().success(), "{stderr}");
        stderr
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // The process may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn send(address: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let rest = "host: localhost\r\nconnection: close\r\ncontent-type: application/json";
    write!(
        stream,
        "{head} HTTP/1.1\r\n{rest}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// Returns the output of the two forms of `curl` that the page uses.
fn curl(command: &str, service: &Service, metrics: u16) -> String {
    if command
        == "curl -s localhost:9464/metrics | grep -E '^rag_(requests|errors)_total' | grep -v ' 0$'"
    {
        let all = send(&format!("127.0.0.1:{metrics}"), "GET /metrics", "");
        let named = |line: &str| {
            ["rag_requests_total", "rag_errors_total"]
                .iter()
                .any(|name| line.starts_with(name))
        };
        let wanted = |line: &&str| named(line) && !line.ends_with(" 0");
        return all.lines().filter(wanted).collect::<Vec<_>>().join("\n");
    }
    let head = "curl -s localhost:8000/query -H 'content-type: application/json' -d '";
    let body = command
        .strip_prefix(head)
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap();
    serde_json::from_str::<Value>(body).unwrap();
    send(&service.address, "POST /query", body)
}

/// Checks that two outputs are the same line by line, except for numbers, times, ids, and text that their widths cut off.
#[track_caller]
fn compare(command: &str, shown: &[String], came: &str) {
    let came: Vec<_> = came.lines().collect();
    assert_eq!(came.len(), shown.len(), "{command}:\n{}", came.join("\n"));
    for (shown, came) in shown.iter().zip(came) {
        let words = |line: &str| {
            shape(&clockless(line))
                .split(' ')
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (expected, found) = (words(shown), words(came));
        let cut = |words: &[String]| {
            words
                .iter()
                .position(|word| word.ends_with('…'))
                .unwrap_or(words.len())
        };
        let until = cut(&expected).min(cut(&found));
        assert_eq!(
            expected[..until],
            found[..until],
            "{command}\nshown: {shown}\ncame:  {came}"
        );
    }
}

fn clockless(line: &str) -> String {
    let is_clock =
        |word: &str| word.len() == 8 && word.chars().all(|c| c.is_ascii_digit() || c == ':');
    let words = line
        .split(' ')
        .map(|word| if is_clock(word) { "CLOCK" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Runs the commands of a block: requests to the service while it runs, others by the command line.
fn try_out(block: &Block, project: &Project, service: Option<&Service>) {
    let mut seen = String::new();
    for (command, shown) in commands(block) {
        let came = match service {
            Some(service) => curl(&command, service, project.metrics),
            // The ids on the page are of another run.
            None if command.split(' ').any(is_trace) => {
                project.ragspan(&format!("ragspan trace {seen}"))
            }
            None => project.ragspan(&command),
        };
        let trace = came.split_whitespace().find(|word| is_trace(word));
        seen = trace.unwrap_or_default().to_owned();
        compare(&command, &shown, &came);
    }
}

#[test]
fn the_tutorial_compiles_at_every_step_and_prints_the_shown_output() {
    let project = Project::new();
    let steps = steps();
    assert_eq!(steps.len(), 6);
    for blocks in &steps {
        let files = blocks
            .iter()
            .filter(|block| matches!(block.kind, "rust" | "toml"));
        files.for_each(|block| project.write(block));
        let program = project.build();
        let asks = blocks.iter().any(|block| block.kind == "console");
        let mut service = asks.then(|| Service::start(&program, project.folder.path()));
        for block in blocks {
            match (block.kind, block.file) {
                ("console", _) => try_out(block, &project, service.as_ref()),
                (_, "stderr") => {
                    let shown: Vec<_> = block.text.lines().map(str::to_owned).collect();
                    compare("standard error", &shown, &service.take().unwrap().stop());
                }
                _ => {}
            }
        }
    }
}
