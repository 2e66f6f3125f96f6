//! As packaged, and outside the workspace, it builds and runs: the README's lines, and two neighbours.
//!
//! All neighbours take minutes to build; `scripts/soak neighbours` runs those.

use std::path::Path;
use std::process::Command;

#[test]
fn the_packaged_crate_runs_the_readmes_lines_and_the_command_answers_and_two_neighbours_are_lived_with()
 {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // What is built already is shared; it lies two folders above the programs of these tests.
    let target = Path::new(crate::programs::STARTUP)
        .parent()
        .unwrap()
        .parent()
        .unwrap();
    let output = Command::new(root.join("scripts/neighbours"))
        .args(["packaged", "axum", "recorder"])
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let table = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{table}{errors}");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip(1)
        .map(|row| row.split_whitespace().collect())
        .collect();
    let runs = ["packaged", "axum", "recorder"].map(|name| vec![name, "runs", "runs"]);
    assert_eq!(rows, runs, "{table}");
}
