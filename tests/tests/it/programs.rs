//! Runs the programs of this package, and the command, in separate processes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

pub(crate) const BOUNDED: &str = env!("CARGO_BIN_EXE_bounded");
pub(crate) const CANARY: &str = env!("CARGO_BIN_EXE_canary");
pub(crate) const COLUMNS: &str = env!("CARGO_BIN_EXE_columns");
pub(crate) const COMPOSED: &str = env!("CARGO_BIN_EXE_composed");
pub(crate) const CONFIGURED: &str = env!("CARGO_BIN_EXE_configured");
pub(crate) const DELIVERY: &str = env!("CARGO_BIN_EXE_delivery");
pub(crate) const EMIT: &str = env!("CARGO_BIN_EXE_emit");
pub(crate) const ENDS: &str = env!("CARGO_BIN_EXE_ends");
pub(crate) const HEADERS: &str = env!("CARGO_BIN_EXE_headers");
pub(crate) const HOSTILE: &str = env!("CARGO_BIN_EXE_hostile");
pub(crate) const MATRIX: &str = env!("CARGO_BIN_EXE_matrix");
pub(crate) const RANDOM_ENDS: &str = env!("CARGO_BIN_EXE_random-ends");
pub(crate) const STARTUP: &str = env!("CARGO_BIN_EXE_startup");
pub(crate) const THREADS: &str = env!("CARGO_BIN_EXE_threads");

/// Runs a program that must succeed, and returns its standard output.
#[track_caller]
pub(crate) fn succeed(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// Returns the path of a program of another package of this workspace, and builds those programs at the first call.
pub(crate) fn built(name: &str) -> PathBuf {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(build);
    FOLDER.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn build() -> PathBuf {
    let folder = Path::new(EMIT).parent().unwrap();
    let profile = match folder.file_name().unwrap().to_str().unwrap() {
        "debug" => "dev",
        other => other,
    };
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", profile, "--target-dir"])
        .arg(folder.parent().unwrap())
        .args(["-p", "ragspan-examples", "--bin", "quickstart"])
        .args(["-p", "ragspan-cli", "--bin", "ragspan"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the quickstart is not built: {stderr}"
    );
    folder.to_owned()
}
