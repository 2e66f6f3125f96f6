//! The tutorial works as written: its files build at every step, and its commands print what it shows.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::console::{Block, Reader, blocks};
use crate::programs::EMIT;
use crate::quickstart::text;

const PAGE: &str = include_str!("../../../docs/tutorial.md");

/// Returns the blocks of each step.
fn steps() -> Vec<Vec<Block>> {
    let steps = PAGE.split("\n## ").skip(1);
    let steps = steps.filter(|step| step.starts_with(|c: char| c.is_ascii_digit()));
    steps.map(blocks).collect()
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
        std::fs::write(self.folder.path().join(&block.file), text).unwrap();
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

#[test]
fn the_tutorial_compiles_at_every_step_and_prints_the_shown_output() {
    let project = Project::new();
    let folder = project.folder.path();
    let mut reader = Reader::new(folder);
    let steps = steps();
    assert_eq!(steps.len(), 6);
    for blocks in &steps {
        let files = blocks
            .iter()
            .filter(|block| matches!(&*block.kind, "rust" | "toml"));
        files.for_each(|block| project.write(block));
        let program = project.build();
        let asks = blocks.iter().any(|block| block.kind == "console");
        let mut service = asks.then(|| Service::start(&program, folder));
        if let Some(service) = &service {
            reader.listen("localhost:8000", &service.address);
            reader.listen("localhost:9464", &format!("127.0.0.1:{}", project.metrics));
        }
        for block in blocks {
            match (&*block.kind, &*block.file) {
                ("console", _) => reader.run(block),
                (_, "stderr") => {
                    let shown: Vec<_> = block.text.lines().map(str::to_owned).collect();
                    reader.compare("standard error", &shown, &service.take().unwrap().stop());
                }
                _ => {}
            }
        }
    }
}
