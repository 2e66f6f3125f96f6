//! A function of any shape behaves with the attribute as it does without it.
//!
//! The shapes are in `tests/matrix/shapes`, the arguments in `src/matrix/arguments.rs`; `scripts/soak matrix` runs all.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::programs::MATRIX;

/// Runs the matrix; returns whether it succeeded, and its output.
fn matrix(extent: &str) -> (bool, String) {
    // The target folder, two levels above the programs of these tests, so that built dependencies are shared.
    let target = Path::new(MATRIX).parent().unwrap().parent().unwrap();
    let output = Command::new(MATRIX)
        .args([extent, "--target"])
        .arg(target)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), text)
}

/// Runs a few sets of arguments for each shape. The seed is printed; `matrix sample SEED` repeats the run.
#[test]
fn a_function_of_any_shape_behaves_with_the_attribute_as_without_it() {
    let (passes, text) = matrix("sample");
    assert!(passes, "{text}");
    // Prints the counts and the seed of a test that passes too.
    for line in text.lines().filter(|line| line.starts_with("matrix: ")) {
        writeln!(std::io::stderr(), "{line}").unwrap();
    }
}

#[test]
fn a_fault_of_the_annotated_twin_is_found() {
    let (passes, text) = matrix("self-check");
    assert!(passes, "{text}");
}
