//! Identifiers use the words of the field, and a type's name is defined once in a crate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};

/// Words that are not used in identifiers, and the words to use instead. An identifier's words are split at `_` and case changes.
const REFUSED: [(&str, &str); 74] = [
    ("ailment", "sink error"),
    ("balance", "stats"),
    ("balances", "stats"),
    ("bear", "create, record"),
    ("birth", "origin"),
    ("births", "origins"),
    ("book", "stats, accounting"),
    ("books", "stats, accounting"),
    ("born", "created, origin"),
    ("carried", "context, attached"),
    ("carry", "task, context"),
    ("dice", "rng"),
    ("door", "entry point, output"),
    ("doors", "entry points, outputs"),
    ("dress", "variant"),
    ("handed", "with_handle"),
    ("hazard", "unsafe_to_print"),
    ("hear", "enabled, has_listeners"),
    ("heard", "enabled"),
    ("hears", "enabled, has_listeners"),
    ("here", "current"),
    ("hushed", "suppressed"),
    ("ill", "degraded"),
    ("illness", "sink error"),
    ("judge", "classify"),
    ("judged", "classified, outcome_known"),
    ("judges", "classifies"),
    ("judging", "classifying"),
    ("lane", "sink queue"),
    ("lanes", "sink queues"),
    ("levelled", "has_level"),
    ("listening", "has_listeners"),
    ("listens", "has_listeners"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("metered", "records_usage"),
    ("person", "pretty, human-readable"),
    ("place", "position, location, argument, profile"),
    ("placed", "attached, located"),
    ("places", "positions, locations"),
    ("ring", "queue"),
    ("ruler", "calls"),
    ("rung", "specialization tier"),
    ("rungs", "specialization tiers"),
    ("said", "recorded, options"),
    ("say", "record, emit"),
    ("saying", "recording"),
    ("says", "records"),
    ("scene", "render context"),
    ("settle", "classify"),
    ("settled", "classified"),
    ("settles", "classifies"),
    ("site", "callsite"),
    ("sites", "callsites"),
    ("stock", "snapshot"),
    ("story", "scenario"),
    ("stranger", "untrusted, external"),
    ("strangers", "untrusted, external"),
    ("tell", "record, notify"),
    ("telling", "recording"),
    ("tells", "records"),
    ("told", "recorded, value"),
    ("trouble", "problem, sink error"),
    ("troubles", "problems"),
    ("unheard", "disabled"),
    ("untold", "unrecorded"),
    ("unwell", "degraded"),
    ("waits", "mark_cancellable"),
    ("watch", "observer"),
    ("watched", "observed"),
    ("watches", "observes"),
    ("well", "healthy"),
    ("words", "rag events, llm usage, terms"),
    ("world", "environment"),
];

/// Parts of identifiers that are usual terms although they have a refused word, and the reason.
const TERMS: [(&str, &str); 7] = [
    ("call_site", "`proc_macro2::Span::call_site`"),
    ("decimal_places", "digits of a fraction"),
    ("def_site", "`proc_macro2::Span::def_site`"),
    (
        "in_place",
        "a change without a copy, as in `drop_in_place` and `block_in_place`",
    ),
    ("mixed_site", "`proc_macro2::Span::mixed_site`"),
    ("stop_words", "words that a search ignores"),
    ("well_formed", "valid by the grammar of a format"),
];

/// Whole identifiers that have a refused word, and the reason.
const ALLOWED: [(&str, &str); 2] = [
    ("ring", "the crate `ring`, a backend of rustls"),
    ("words", "words of a text or of a command line"),
];

/// Refused words that a folder may use, and the reason.
const ALLOWED_IN: [(&str, &str, &str); 1] = [(
    "examples/quickstart",
    "words",
    "the example splits texts of natural language into words",
)];

/// Types of one name in one crate, and the reason.
const SAME_NAMES: [(&str, &str, &str); 1] = [("runtime", "Signals", "one per platform")];

/// Folders of Rust sources. The programs of `ui-tests` are left out: many have mistakes on purpose.
const FOLDERS: [&str; 12] = [
    "core/src",
    "macros/src",
    "store/src",
    "runtime/src",
    "cli/src",
    "cli/tests",
    "examples",
    "tests",
    "ui-tests/src",
    "ui-tests/tests",
    "benches/src",
    "benches/build",
];

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The Rust sources in a folder, without those of build results.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Splits an identifier at `_` and at case changes, in lower case: `SpanCallsite` has `span` and `callsite`.
fn parts(identifier: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut previous = '_';
    for character in identifier.trim_start_matches("r#").chars() {
        if character == '_' || character.is_uppercase() && !previous.is_uppercase() {
            parts.push(String::new());
        }
        if character != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(character.to_lowercase());
        }
        previous = character;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// The words of an identifier without those of usual terms.
fn checked_parts(identifier: &str) -> Vec<String> {
    let mut joined = format!("_{}_", parts(identifier).join("_"));
    for (term, _) in TERMS {
        joined = joined.replace(&format!("_{term}_"), "_");
    }
    joined.split('_').map(str::to_owned).collect()
}

/// The word to use instead, if the identifier in this file has a refused one.
fn refused(identifier: &str, file: &str) -> Option<&'static str> {
    if ALLOWED.iter().any(|(allowed, _)| *allowed == identifier) {
        return None;
    }
    let parts = checked_parts(identifier);
    let is_allowed = |word: &str| {
        let mut all = ALLOWED_IN.iter();
        all.any(|(folder, allowed, _)| file.starts_with(folder) && *allowed == word)
    };
    let mut all = REFUSED.iter();
    let found = all.find(|(word, _)| parts.iter().any(|part| part == word) && !is_allowed(word));
    found.map(|(_, better)| *better)
}

/// Calls the function with every identifier and its line.
fn identifiers(tokens: TokenStream, found: &mut impl FnMut(&str, usize)) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => identifiers(group.stream(), found),
            TokenTree::Ident(name) => found(&name.to_string(), name.span().start().line),
            _ => {}
        }
    }
}

/// Each refused identifier of a file, once: `file:line: `, the identifier, and the word to use.
fn violations(file: &str, text: &str) -> Vec<String> {
    let mut first = BTreeMap::new();
    let tokens = text.parse().unwrap();
    identifiers(tokens, &mut |name, line| {
        if let Some(better) = refused(name, file) {
            first.entry(name.to_owned()).or_insert((line, better));
        }
    });
    let mut lines: Vec<_> = first.into_iter().collect();
    lines.sort_by_key(|(_, (line, _))| *line);
    let message = |(name, (line, better))| format!("{file}:{line}: `{name}`; use: {better}");
    lines.into_iter().map(message).collect()
}

/// Adds the names of the types that are defined outside of tests, each with `file:line`.
fn definitions(items: &[syn::Item], file: &str, found: &mut BTreeMap<String, Vec<String>>) {
    for item in items {
        let name = match item {
            syn::Item::Struct(item) => &item.ident,
            syn::Item::Enum(item) => &item.ident,
            syn::Item::Trait(item) => &item.ident,
            syn::Item::Type(item) => &item.ident,
            syn::Item::Union(item) => &item.ident,
            syn::Item::Mod(module) => {
                if let (Some((_, items)), false) = (&module.content, is_test(&module.attrs)) {
                    definitions(items, file, found);
                }
                continue;
            }
            _ => continue,
        };
        let line = name.span().start().line;
        let defined = found.entry(name.to_string()).or_default();
        defined.push(format!("{file}:{line}"));
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

/// The names that sources of one crate define more than once.
fn same_names(sources: &[(String, String)]) -> Vec<String> {
    let mut found = BTreeMap::new();
    for (file, text) in sources {
        definitions(&syn::parse_file(text).unwrap().items, file, &mut found);
    }
    found.retain(|_, defined| defined.len() > 1);
    let message =
        |(name, defined): (String, Vec<String>)| format!("`{name}`: {}", defined.join(", "));
    found.into_iter().map(message).collect()
}

/// The sources of a folder of the workspace by their paths in it.
pub(crate) fn texts(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    sources(&workspace().join(folder), &mut files);
    files.sort();
    let read = |path: PathBuf| {
        let name = path.strip_prefix(workspace()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        (name.display().to_string(), text)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn identifiers_use_plain_terms() {
    let (mut wrong, mut files) = (Vec::new(), 0);
    for (file, text) in FOLDERS.into_iter().flat_map(texts) {
        wrong.extend(violations(&file, &text));
        files += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(files > 200, "only {files} files were read");
}

#[test]
fn a_crate_defines_a_type_name_once() {
    let mut wrong = Vec::new();
    for name in ["core", "macros", "store", "runtime", "cli"] {
        let is_test = |file: &str| file.ends_with("/tests.rs") || file.contains("/tests/");
        let mut sources = texts(&format!("{name}/src"));
        sources.retain(|(file, _)| !is_test(file));
        let is_allowed = |line: &String| {
            let mut allowed = SAME_NAMES.iter();
            allowed.any(|(of, same, _)| *of == name && line.starts_with(&format!("`{same}`")))
        };
        let mut found = same_names(&sources);
        found.retain(|line| !is_allowed(line));
        wrong.extend(found);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn planted_identifiers_are_found() {
    let text = "fn tell_above(heardLast: u8) {\n struct SpanSite;\n macro!(deep, [MY_WORLD]); let ring_size = 1; }";
    let expected = [
        "a.rs:1: `heardLast`; use: enabled",
        "a.rs:1: `tell_above`; use: record, notify",
        "a.rs:2: `SpanSite`; use: callsite",
        "a.rs:3: `MY_WORLD`; use: environment",
        "a.rs:3: `ring_size`; use: queue",
    ];
    assert_eq!(violations("a.rs", text), expected);
    let allowed = "use ring::x; fn callsite() { Span::call_site(); is_well_formed(replace, Listener) } // told";
    assert_eq!(violations("a.rs", allowed), [""; 0]);
    assert_eq!(
        violations("examples/quickstart/a.rs", "fn raw_words() {}"),
        [""; 0]
    );
    assert_eq!(violations("cli/src/a.rs", "fn raw_words() {}").len(), 1);
}

#[test]
fn planted_type_names_are_found() {
    let source = |file: &str, text: &str| (file.to_owned(), text.to_owned());
    let sources = [
        source("a.rs", "struct Same; mod inner { pub enum Other {} }"),
        source(
            "b.rs",
            "\ntrait Other {} type Same = u8; #[cfg(test)] mod tests { struct Third; }",
        ),
        source("c.rs", "struct Third;"),
    ];
    let expected = ["`Other`: a.rs:1, b.rs:2", "`Same`: a.rs:1, b.rs:2"];
    assert_eq!(same_names(&sources), expected);
}
