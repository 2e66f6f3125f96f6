//! Every message of the macro crate stands in the `.stderr` of a program of `fail/`.
//!
//! A message is what rustc shows, so what is compared is the first line of an error in a `.stderr` with each string of the crate's source that reads
//! like text: the pieces between its `{..}` must stand in one line, in their order. Examples that are put into messages count too.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{Visit, visit_file, visit_item};
use syn::{Attribute, Item, LitStr, Macro};

/// What no program can show.
const UNREACHABLE: &[&str] = &[
    // Work that is given up without a word, which `Errors` has to answer for all the same.
    "this could not be expanded",
];

#[test]
fn every_diagnostic_has_a_program() {
    let (here, macros) = (folder("fail"), folder("../macros/src"));
    let programs = files(&here, "rs");
    let rules: BTreeSet<&Path> = programs.iter().filter_map(|path| path.parent()).collect();
    let shown: Vec<String> = files(&here, "stderr")
        .iter()
        .map(|path| read(path))
        .collect();
    let diagnostics: BTreeSet<String> = files(&macros, "rs")
        .iter()
        .filter(|path| !path.ends_with("tests.rs"))
        .flat_map(|path| texts(&read(path)))
        .collect();
    println!(
        "{} programs, {} rules, {} diagnostics",
        programs.len(),
        rules.len(),
        diagnostics.len()
    );
    let lines = shown.iter().flat_map(|text| text.lines());
    let lines: Vec<&str> = lines.filter(|line| line.starts_with("error: ")).collect();
    let missing: Vec<&String> = diagnostics
        .iter()
        .filter(|text| !UNREACHABLE.contains(&text.as_str()))
        .filter(|text| !lines.iter().any(|line| shows(line, text)))
        .collect();
    assert!(missing.is_empty(), "no program shows {missing:#?}");
    assert!(programs.len() >= 60 && rules.len() >= 40 && diagnostics.len() >= 60);
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files with an extension in a folder and all below it.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let entries = read.filter_map(Result::ok).map(|entry| entry.path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                return files(&path, extension);
            }
            let wanted = path.extension().is_some_and(|found| found == extension);
            wanted.then_some(path).into_iter().collect()
        })
        .collect()
}

/// The strings in a source file that read like text, without those of its tests and attributes.
fn texts(source: &str) -> Vec<String> {
    let mut found = Texts(Vec::new());
    visit_file(
        &mut found,
        &syn::parse_file(source).expect("our own source"),
    );
    found.0
}

struct Texts(Vec<String>);

impl Texts {
    fn see(&mut self, text: String) {
        let is_text = text.contains(' ') && text.contains(char::is_alphabetic);
        if is_text {
            self.0.push(text);
        }
    }

    fn see_tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<LitStr>(&literal.to_string()) {
                        self.see(text.value());
                    }
                }
                TokenTree::Group(group) => self.see_tokens(group.stream()),
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
        self.see(text.value());
    }

    /// `format!(..)`, but not the code in `quote!(..)`.
    fn visit_macro(&mut self, called: &'a Macro) {
        let last = called.path.segments.last();
        let is_code = last.is_some_and(|last| last.ident.to_string().contains("quote"));
        if !is_code {
            self.see_tokens(called.tokens.clone());
        }
    }
}

/// Whether the pieces between the `{..}` of a text stand in a line, in their order.
fn shows(line: &str, text: &str) -> bool {
    let mut rest = line;
    let mut pieces = text
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
fn the_pieces_of_a_text_are_found_in_their_order() {
    assert!(shows(
        "error: `slow` needs a value: slow = \"2s\"",
        "`{}` {what}: {example}"
    ));
    assert!(shows(
        "error: `a` stands twice: keep one",
        "`{word}` stands twice: keep one"
    ));
    assert!(!shows(
        "error: keep one: `a` stands twice",
        "`{word}` stands twice: keep one"
    ));
}
