//! The packaged crates build and run outside the workspace: the lines of the README, and two neighbours.
//!
//! All neighbours take minutes to build; `scripts/soak neighbours` runs them.

use std::path::Path;
use std::process::Command;

#[test]
fn the_packaged_crates_run_the_lines_of_the_readme_and_work_beside_two_neighbours() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // The target folder, two levels above the programs of these tests, so that built dependencies are shared.
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
