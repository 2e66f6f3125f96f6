//! Runs the programs of this package, and the command, in processes of their own.

use std::process::{Command, Output, Stdio};

pub(crate) const EMIT: &str = env!("CARGO_BIN_EXE_emit");
pub(crate) const STARTUP: &str = env!("CARGO_BIN_EXE_startup");

/// A program that must succeed; its standard output.
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
