//! A module uses only modules below it, no files of a folder use each other in a circle, and only the clock reads the time.

mod graph;
mod map;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

use graph::Crate;

/// The modules of the runtime from the bottom up; modules of one rank do not use each other. ARCHITECTURE.md shows this list.
const LAYERS: [&[&str]; 14] = [
    &["cancel", "privacy"],
    &["value"],
    &["context", "prices", "recordable"],
    &["record", "trace"],
    &["metrics"],
    &["sink"],
    &["pipeline"],
    &["dispatch"],
    &["scope"],
    &["span", "layer", "rag", "task"],
    &["propagation"],
    &["http"],
    &["config"],
    &["telemetry"],
];

/// Modules that may use all others, and are used by expansions and by tests only.
const ABOVE_ALL: [&str; 5] = ["critical", "events", "lib", "private", "testing"];

/// Names of `lib.rs`: re-exports that documentation and macros use from inside the crate, and the clock of `ragspan-core`.
const ROOT_NAMES: [&str; 4] = ["SCHEMA", "LogContext", "clock", "start"];

/// Crates, and modules of theirs whose files must not use each other in a circle.
const ACYCLIC: [(&str, &[&str]); 2] = [
    ("runtime", &["span", "scope", "trace", "context"]),
    ("cli", &["command"]),
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn a_module_uses_only_modules_below_it() {
    let runtime = Crate::read(&workspace().join("runtime/src"));
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (from, to) in runtime.uses() {
        let (from_top, to_top) = (from.top(), to.top());
        if ABOVE_ALL.contains(&from_top) || from_top == to_top {
            continue;
        }
        let own = rank(from_top).unwrap_or_else(|| panic!("`{from_top}` is missing in LAYERS"));
        let below = rank(to_top).is_some_and(|other| other < own);
        if !(below || ROOT_NAMES.contains(&to_top)) {
            wrong.push(format!("{from} uses {to}"));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 50, "only {seen} uses were found");
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for (name, modules) in ACYCLIC {
        let source = Crate::read(&workspace().join(name).join("src"));
        for circle in source.circles() {
            let is_held = |file: &String| {
                modules
                    .iter()
                    .any(|module| file.starts_with(&format!("crate::{module}")))
            };
            if circle.iter().any(is_held) {
                circles.push(format!("{name}: {circle:?}"));
            }
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn the_map_in_architecture_is_generated_from_this_list() {
    let page = workspace().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let expected = map::with_table(&text, &map::table(&LAYERS, &ABOVE_ALL, &workspace()));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&page, &expected).unwrap();
        return;
    }
    assert_eq!(text, expected, "run this test with UPDATE_EXPECT=1");
}

#[test]
fn architecture_names_only_files_that_exist_and_is_short() {
    let text = std::fs::read_to_string(workspace().join("ARCHITECTURE.md")).unwrap();
    let missing = map::missing_paths(&text, &workspace());
    assert!(missing.is_empty(), "{missing:?}");
    let is_word = |text: &&str| text.contains(char::is_alphanumeric);
    let words = text.split_whitespace().filter(is_word).count();
    assert!(words <= 1_500, "{words} words");
}

#[test]
fn time_and_randomness_enter_through_the_clock() {
    const SOURCES: [&str; 6] = [
        "SystemTime",
        "getrandom",
        "fastrand",
        "Instant",
        "rand",
        "UNIX_EPOCH",
    ];
    let mut found = BTreeSet::new();
    for name in ["core", "store", "runtime"] {
        let source = Crate::read(&workspace().join(name).join("src"));
        for (module, tokens) in source.programs() {
            if flat(tokens)
                .iter()
                .any(|token| SOURCES.contains(&token.as_str()))
            {
                found.insert(format!("{name}::{}", module.top()));
            }
        }
    }
    assert_eq!(found, BTreeSet::from(["core::clock".to_owned()]));
}

fn flat(tokens: TokenStream) -> Vec<String> {
    let mut all = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => all.extend(flat(group.stream())),
            other => all.push(other.to_string()),
        }
    }
    all
}
