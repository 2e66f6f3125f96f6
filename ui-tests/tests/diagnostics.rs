//! Checks that every error message of the macros crate appears in the `.stderr` of a program in `fail/`.
//!
//! The test collects all string literals in the crate's source that look like text. Their pieces between `{..}` must
//! appear in order in the first line of an error in a `.stderr` file. Examples that are inserted into messages count
//! as well.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{Visit, visit_file, visit_item};
use syn::{Attribute, Item, LitStr, Macro};

/// The messages that no program can trigger.
const UNREACHABLE: &[&str] = &[
    // The fallback of `Errors` for code that fails without reporting a message.
    "this macro could not be expanded",
];

#[test]
fn every_error_message_has_a_program() {
    let (fail, macros) = (folder("fail"), folder("../macros/src"));
    let programs = files(&fail, "rs");
    let rules: BTreeSet<&Path> = programs.iter().filter_map(|path| path.parent()).collect();
    let outputs: Vec<String> = files(&fail, "stderr")
        .iter()
        .map(|path| read(path))
        .collect();
    let messages: BTreeSet<String> = files(&macros, "rs")
        .iter()
        .filter(|path| !path.ends_with("tests.rs"))
        .flat_map(|path| texts(&read(path)))
        .collect();
    println!(
        "{} programs, {} rules, {} messages",
        programs.len(),
        rules.len(),
        messages.len()
    );
    let lines = outputs.iter().flat_map(|text| text.lines());
    let lines: Vec<&str> = lines.filter(|line| line.starts_with("error: ")).collect();
    let missing: Vec<&String> = messages
        .iter()
        .filter(|message| !UNREACHABLE.contains(&message.as_str()))
        .filter(|message| !lines.iter().any(|line| matches(line, message)))
        .collect();
    assert!(missing.is_empty(), "no program triggers {missing:#?}");
    assert!(programs.len() >= 60 && rules.len() >= 40 && messages.len() >= 60);
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the files with an extension in a folder and its subfolders.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = read.filter_map(Result::ok).map(|file| file.path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                return files(&path, extension);
            }
            let wanted = path.extension().is_some_and(|found| found == extension);
            wanted.then_some(path).into_iter().collect()
        })
        .collect()
}

/// Returns the string literals in a source file that look like text, except those in its tests and attributes.
fn texts(source: &str) -> Vec<String> {
    let mut found = Texts(Vec::new());
    visit_file(
        &mut found,
        &syn::parse_file(source).expect("valid Rust source"),
    );
    found.0
}

struct Texts(Vec<String>);

impl Texts {
    fn add(&mut self, text: String) {
        let is_text = text.contains(' ') && text.contains(char::is_alphabetic);
        if is_text {
            self.0.push(text);
        }
    }

    fn add_tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<LitStr>(&literal.to_string()) {
                        self.add(text.value());
                    }
                }
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                _ => {}
            }
        }
    }
}

impl<'a> Visit<'a> for Texts {
    fn visit_item(&mut self, item: &'a Item) {
        let is_test = |attribute: &Attribute| {
            attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Path>()
                    .is_ok_and(|path| path.is_ident("test"))
        };
        if !matches!(item, Item::Mod(module) if module.attrs.iter().any(is_test)) {
            visit_item(self, item);
        }
    }

    fn visit_attribute(&mut self, _: &'a Attribute) {}

    fn visit_lit_str(&mut self, text: &'a LitStr) {
        self.add(text.value());
    }

    /// Visits `format!(..)` and the like, but not the code in `quote!(..)`.
    fn visit_macro(&mut self, called: &'a Macro) {
        let last = called.path.segments.last();
        let is_code = last.is_some_and(|last| last.ident.to_string().contains("quote"));
        if !is_code {
            self.add_tokens(called.tokens.clone());
        }
    }
}

/// Returns `true` if the pieces of a message between its `{..}` appear in the line in the same order.
fn matches(line: &str, message: &str) -> bool {
    let mut rest = line;
    let mut pieces = message
        .split('{')
        .enumerate()
        .map(|(index, piece)| match index {
            0 => piece,
            _ => piece.split_once('}').map_or(piece, |(_, after)| after),
        });
    pieces.all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = rest.get(at + piece.len()..).unwrap_or_default();
            true
        }
        None => false,
    })
}

#[test]
fn the_pieces_of_a_message_match_only_in_order() {
    assert!(matches(
        "error: `slow` needs a value: slow = \"2s\"",
        "`{}` {problem}: {example}"
    ));
    assert!(matches(
        "error: `a` is given twice: keep one",
        "`{key}` is given twice: keep one"
    ));
    assert!(!matches(
        "error: keep one: `a` is given twice",
        "`{key}` is given twice: keep one"
    ));
}
