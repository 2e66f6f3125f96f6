//! The attribute does not change the behaviour of a function of any shape.
//!
//! The shapes are in `tests/matrix/shapes`, the arguments in `src/matrix/arguments.rs`; `scripts/soak matrix` runs all.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::programs::MATRIX;

/// Runs the matrix; returns whether it succeeded, and its standard output.
fn matrix(extent: &str) -> (bool, String) {
    // Shares the build folder of these tests, two folders above their programs.
    let target = Path::new(MATRIX).parent().unwrap().parent().unwrap();
    let output = Command::new(MATRIX)
        .args([extent, "--target"])
        .arg(target)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), stdout)
}

/// Takes a few arguments for each shape; the seed is printed, and `matrix sample SEED` repeats it.
#[test]
fn the_attribute_changes_the_behaviour_of_no_function() {
    let (success, stdout) = matrix("sample");
    assert!(success, "{stdout}");
    // Prints the counts and the seed, of a test that passes too.
    for line in stdout.lines().filter(|line| line.starts_with("matrix: ")) {
        writeln!(std::io::stderr(), "{line}").unwrap();
    }
}

#[test]
fn planted_faults_are_found() {
    let (success, stdout) = matrix("self-check");
    assert!(success, "{stdout}");
}
