//! A function of any shape does under the attribute what it does without it.
//!
//! The shapes stand in `tests/matrix/shapes`, the arguments in `src/matrix/arguments.rs`; `scripts/soak matrix` runs all.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use crate::programs::MATRIX;

/// What a run of the matrix prints, and whether it was good.
fn matrix(extent: &str) -> (bool, String) {
    // What is built already is shared; it lies two folders above the programs of these tests.
    let target = Path::new(MATRIX).parent().unwrap().parent().unwrap();
    let output = Command::new(MATRIX)
        .args([extent, "--target"])
        .arg(target)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.success(), said)
}

/// Takes a few arguments for each shape; the seed is printed, and `matrix sample SEED` repeats it.
#[test]
fn a_function_of_any_shape_does_under_the_attribute_what_it_does_without_it() {
    let (good, said) = matrix("sample");
    assert!(good, "{said}");
    // Told also of a test that passes: the counts, and the seed.
    for line in said.lines().filter(|line| line.starts_with("matrix: ")) {
        writeln!(std::io::stderr(), "{line}").unwrap();
    }
}

#[test]
fn a_fault_of_the_annotated_twin_is_found() {
    let (good, said) = matrix("self-check");
    assert!(good, "{said}");
}
