//! A module of the runtime uses only modules that stand below it, and only the clock knows the time.

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

/// From the bottom up; modules of one rank do not see each other.
const LAYERS: [&[&str]; 15] = [
    &["cancel", "clock", "privacy"],
    &["value", "usage"],
    &["context", "prices", "recordable"],
    &["record", "trace"],
    &["metrics"],
    &["store"],
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

/// What may see all others.
const ABOVE_ALL: [&str; 5] = ["critical", "events", "lib", "private", "testing"];

/// What stands in `lib.rs` and belongs to no layer.
const PUBLIC_NAMES: [&str; 3] = ["SCHEMA", "LogContext", "start"];

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

fn sources() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("runtime/src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(&root).unwrap();
                let first = inside
                    .components()
                    .next()
                    .unwrap()
                    .as_os_str()
                    .to_str()
                    .unwrap();
                found.push((first.trim_end_matches(".rs").to_owned(), path));
            }
        }
    }
    found
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.meta.to_token_stream().to_string();
        let text = text.replace(' ', "");
        text == "cfg(test)" || text.starts_with("cfg(all(test,")
    })
}

/// The file without its tests.
fn program(path: &Path) -> TokenStream {
    let file = syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap();
    let kept = file.items.into_iter().filter(|item| match item {
        syn::Item::Mod(item) => !is_test(&item.attrs),
        syn::Item::Use(item) => !is_test(&item.attrs),
        _ => true,
    });
    kept.map(|item| item.to_token_stream()).collect()
}

/// The modules named as `crate::module` or in `crate::{..}`, anywhere in the tokens.
fn used(tokens: TokenStream, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            used(group.stream(), found);
        }
        if !matches!(token, TokenTree::Ident(ident) if ident == "crate") {
            continue;
        }
        match tokens.get(index + 3) {
            Some(TokenTree::Ident(module)) => found.push(module.to_string()),
            Some(TokenTree::Group(group)) => {
                panic!("write one `use crate::module::..` a line, not `crate::{group}`")
            }
            _ => {}
        }
    }
}

#[test]
fn a_module_uses_only_modules_below_it() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (module, path) in sources() {
        if ABOVE_ALL.contains(&module.as_str())
            || path.components().any(|part| part.as_os_str() == "tests")
        {
            continue;
        }
        let own = rank(&module).unwrap_or_else(|| panic!("`{module}` has no place in LAYERS"));
        let mut uses = Vec::new();
        used(program(&path), &mut uses);
        for target in uses {
            let below = rank(&target).is_some_and(|other| other < own);
            if !(below || target == module || PUBLIC_NAMES.contains(&target.as_str())) {
                wrong.push(format!("{}: {module} uses crate::{target}", path.display()));
            }
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        seen > 50,
        "only {seen} uses were found: the test no longer reads what it should"
    );
}

#[test]
fn time_and_chance_enter_through_the_clock() {
    const SOURCES: [&str; 6] = [
        "SystemTime",
        "getrandom",
        "fastrand",
        "Instant",
        "rand",
        "UNIX_EPOCH",
    ];
    let mut wrong = Vec::new();
    for (module, path) in sources() {
        let tokens = flat(program(&path));
        let asks = tokens.iter().any(|token| SOURCES.contains(&token.as_str()));
        let test = path.components().any(|part| part.as_os_str() == "tests");
        if asks && module != "clock" && !test {
            wrong.push(path);
        } else if path.ends_with("clock.rs") {
            assert!(
                asks,
                "the clock asks nobody: the test no longer reads what it should"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
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
