//! Which file of a crate uses which other, read from its source.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Item, UseTree};

/// A module's path below the crate's root; empty for `lib.rs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Module(Vec<String>);

impl Module {
    /// The first segment, `lib` for the root.
    pub(super) fn top(&self) -> &str {
        self.0.first().map_or("lib", String::as_str)
    }

    fn parent(&self) -> Self {
        let mut segments = self.0.clone();
        segments.pop();
        Self(segments)
    }

    fn child(&self, name: &str) -> Self {
        let mut segments = self.0.clone();
        segments.push(name.to_owned());
        Self(segments)
    }
}

impl fmt::Display for Module {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "crate::{}", self.0.join("::"))
    }
}

/// One file: its items without tests, and the names that it re-exports from its children.
struct Source {
    items: Vec<Item>,
    reexports: BTreeMap<String, Vec<String>>,
}

/// The files of a crate by their module paths.
pub(super) struct Crate {
    sources: BTreeMap<Module, Source>,
}

impl Crate {
    /// Reads every file below `src`, without `tests` modules.
    pub(super) fn read(src: &Path) -> Self {
        let mut files = Vec::new();
        collect(src, &mut files);
        let sources = files.into_iter().filter_map(|path| {
            let module = module_of(path.strip_prefix(src).unwrap())?;
            let file = syn::parse_file(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let items: Vec<Item> = file
                .items
                .into_iter()
                .filter(|item| !is_test(item))
                .collect();
            let reexports = reexports(&items);
            Some((module, Source { items, reexports }))
        });
        Self {
            sources: sources.collect(),
        }
    }

    /// Every file's tokens, without its tests.
    pub(super) fn programs(&self) -> impl Iterator<Item = (&Module, TokenStream)> {
        self.sources.iter().map(|(module, source)| {
            (
                module,
                source.items.iter().map(ToTokens::to_token_stream).collect(),
            )
        })
    }

    /// Every use of one file by another, once.
    pub(super) fn uses(&self) -> BTreeSet<(Module, Module)> {
        let mut all = BTreeSet::new();
        for (module, source) in &self.sources {
            let mut paths = Paths::default();
            source.items.iter().for_each(|item| paths.visit_item(item));
            for path in paths.found {
                let target = self.resolve(module, &path);
                all.extend(
                    target
                        .filter(|target| target != module)
                        .map(|target| (module.clone(), target)),
                );
            }
        }
        all
    }

    /// The file that a path of `module` leads to; `None` for other crates' paths. A name that a parent re-exports leads to
    /// the file that defines it.
    fn resolve(&self, module: &Module, path: &[String]) -> Option<Module> {
        // `crate` alone is a visibility.
        let mut at = match path.get(1).and(path.first())?.as_str() {
            "crate" => Module::default(),
            "self" => module.clone(),
            "super" => module.parent(),
            first if self.sources.contains_key(&module.child(first)) => module.child(first),
            _ => return None,
        };
        let mut rest = path.iter().skip(1).peekable();
        while rest.next_if(|segment| *segment == "super").is_some() {
            at = at.parent();
        }
        for segment in rest {
            let below = at.child(segment);
            if self.sources.contains_key(&below) {
                at = below;
                continue;
            }
            let source = self.sources.get(&at)?;
            if let Some(real) = source.reexports.get(segment) {
                return self.resolve(&at, real);
            }
            // A name at the root is no module: the caller compares it with the names that it knows.
            if at == Module::default() && self.sources.len() > 1 {
                return Some(at.child(segment));
            }
            break;
        }
        Some(at)
    }

    /// The groups of files that use each other in a circle.
    pub(super) fn circles(&self) -> Vec<Vec<String>> {
        let uses = self.uses();
        let reach = |from: &Module| {
            let mut seen = BTreeSet::new();
            let mut next = vec![from.clone()];
            while let Some(module) = next.pop() {
                for (_, to) in uses
                    .iter()
                    .filter(|(of, to)| *of == module && self.sources.contains_key(to))
                {
                    if seen.insert(to.clone()) {
                        next.push(to.clone());
                    }
                }
            }
            seen
        };
        let reached: BTreeMap<&Module, BTreeSet<Module>> = self
            .sources
            .keys()
            .map(|module| (module, reach(module)))
            .collect();
        let mut circles = BTreeSet::new();
        for (module, below) in &reached {
            let circle: Vec<String> = below
                .iter()
                .filter(|other| {
                    reached
                        .get(other)
                        .is_some_and(|back| back.contains(*module))
                })
                .map(Module::to_string)
                .collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The module of a file; `None` for files of tests.
fn module_of(inside: &Path) -> Option<Module> {
    let mut segments: Vec<String> = inside
        .with_extension("")
        .iter()
        .map(|segment| segment.to_str().unwrap().to_owned())
        .collect();
    if segments.iter().any(|segment| segment == "tests") {
        return None;
    }
    if segments.last().is_some_and(|last| last == "mod") {
        segments.pop();
    }
    if segments == ["lib"] || segments == ["main"] {
        segments.clear();
    }
    Some(Module(segments))
}

fn is_test(item: &Item) -> bool {
    let attributes = match item {
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        _ => return false,
    };
    attributes.iter().any(|attribute| {
        let text = attribute
            .meta
            .to_token_stream()
            .to_string()
            .replace(' ', "");
        text == "cfg(test)"
            || text.starts_with("cfg(all(test,")
            || text.starts_with("cfg(all(doctest")
    })
}

/// The names of `pub use` items, each with the path behind it. Re-exports are no uses: they only pass a name on.
fn reexports(items: &[Item]) -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for item in items {
        if let Item::Use(item) = item
            && !matches!(item.vis, syn::Visibility::Inherited)
        {
            flatten(&item.tree, &mut Vec::new(), &mut |name, path| {
                found.insert(name.to_owned(), path.to_vec());
            });
        }
    }
    found
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, found: &mut impl FnMut(&str, &[String])) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        UseTree::Group(group) => group
            .items
            .iter()
            .for_each(|tree| flatten(tree, before, found)),
        UseTree::Name(name) => leaf(&name.ident.to_string(), None, before, found),
        UseTree::Rename(rename) => {
            leaf(
                &rename.ident.to_string(),
                Some(&rename.rename.to_string()),
                before,
                found,
            );
        }
        UseTree::Glob(_) => found("*", before),
    }
}

fn leaf(
    name: &str,
    renamed: Option<&str>,
    before: &[String],
    found: &mut impl FnMut(&str, &[String]),
) {
    let mut path = before.to_vec();
    if name != "self" {
        path.push(name.to_owned());
    }
    found(renamed.unwrap_or(name), &path);
}

/// Gathers the paths of a file, also those inside of macros.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if matches!(item.vis, syn::Visibility::Inherited) {
            flatten(&item.tree, &mut Vec::new(), &mut |_, path| {
                self.found.push(path.to_vec())
            });
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.found.push(
            path.segments
                .iter()
                .map(|segment| segment.ident.to_string())
                .collect(),
        );
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast syn::Macro) {
        self.tokens(mac.tokens.clone());
        visit::visit_macro(self, mac);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&Item::Mod(item.clone())) {
            visit::visit_item_mod(self, item);
        }
    }
}

impl Paths {
    /// The paths that begin with `crate` or `super`, in tokens that are not parsed.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(ident) if ident == "crate" || ident == "super" => {
                    self.found.push(path_at(&tokens, index));
                }
                _ => {}
            }
        }
    }
}

fn path_at(tokens: &[TokenTree], start: usize) -> Vec<String> {
    let segments =
        tokens
            .get(start..)
            .unwrap_or_default()
            .chunks(3)
            .map_while(|chunk| {
                match chunk {
            [TokenTree::Ident(ident), ..] => Some((
                ident.to_string(),
                chunk.len() == 3
                    && chunk[1..].iter().all(
                        |token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':'),
                    ),
            )),
            _ => None,
        }
            });
    let mut path = Vec::new();
    for (segment, goes_on) in segments {
        path.push(segment);
        if !goes_on {
            break;
        }
    }
    path
}
