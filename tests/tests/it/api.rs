//! What users see names no type of the libraries that we are built on, so that those can change under us.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

/// Crates whose types may be named: they are the field's vocabulary, or ours. `http`, `http_body` and tower's two are what servers
/// and clients meet in; `reqwest_middleware` is what its feature is asked for.
const VOCABULARY: [&str; 15] = [
    "serde",
    "http",
    "http_body",
    "tower_layer",
    "tower_service",
    "reqwest_middleware",
    "tokio",
    "std",
    "core",
    "alloc",
    "tracing",
    "tracing_core",
    "tracing_subscriber",
    "serde_json",
    "ragspan_macros",
];

/// What a path may begin with that is no crate.
const OWN: [&str; 3] = ["crate", "self", "super"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// The dependencies of the runtime, as a path names them.
fn dependencies() -> BTreeSet<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/Cargo.toml");
    let text = std::fs::read_to_string(manifest).unwrap();
    let section = text.split("[dependencies]").nth(1).unwrap();
    let lines = section
        .lines()
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    names
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}

/// Where each imported name comes from: the first segment of its path.
fn imports(tree: &UseTree, first: Option<&str>, found: &mut BTreeMap<String, String>) {
    match tree {
        UseTree::Path(path) => {
            let own = path.ident.to_string();
            imports(&path.tree, Some(first.unwrap_or(&own)), found);
        }
        UseTree::Group(group) => {
            group
                .items
                .iter()
                .for_each(|tree| imports(tree, first, found));
        }
        UseTree::Name(name) => {
            let own = name.ident.to_string();
            found.insert(own.clone(), first.unwrap_or(&own).to_owned());
        }
        UseTree::Rename(rename) => {
            let own = rename.ident.to_string();
            found.insert(rename.rename.to_string(), first.unwrap_or(&own).to_owned());
        }
        _ => panic!("an import of everything hides where names come from"),
    }
}

/// One file: what it imports, and what it says in public.
struct File<'a> {
    imports: BTreeMap<String, String>,
    dependencies: &'a BTreeSet<String>,
    public: &'a BTreeSet<String>,
    path: &'a Path,
    wrong: Vec<String>,
    seen: usize,
}

impl File<'_> {
    /// Looks at tokens that users see.
    fn look(&mut self, shown: &impl ToTokens) {
        self.walk(shown.to_token_stream());
    }

    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let text = |at: usize| tokens.get(at).map(ToString::to_string).unwrap_or_default();
        let is_path = |at: usize| text(at) == ":" && text(at + 1) == ":";
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.walk(group.stream()),
                // A segment behind `::` belongs to what stands before; a path's first one says where it leads.
                TokenTree::Ident(name) if at < 2 || !is_path(at - 2) => {
                    self.judge(&name.to_string(), is_path(at + 1));
                }
                _ => {}
            }
        }
    }

    /// A name leads to a crate if it was imported from there, or if it begins a path and is a crate's.
    fn judge(&mut self, name: &str, begins_a_path: bool) {
        self.seen += 1;
        let own = begins_a_path.then_some(name);
        let Some(from) = self.imports.get(name).map(String::as_str).or(own) else {
            return;
        };
        let foreign = self.dependencies.contains(from) && !VOCABULARY.contains(&from);
        if foreign && !OWN.contains(&from) {
            self.wrong
                .push(format!("{}: `{name}` of {from}", self.path.display()));
        }
    }
}

impl<'ast> Visit<'ast> for File<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        if self.public.contains(&item.ident.to_string()) {
            self.look(&item.generics);
            let fields = item.fields.iter().filter(|field| is_public(&field.vis));
            fields.for_each(|field| self.look(&field.ty));
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if self.public.contains(&item.ident.to_string()) {
            self.look(&item.generics);
            item.variants
                .iter()
                .for_each(|variant| self.look(&variant.fields));
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if self.public.contains(&item.sig.ident.to_string()) && is_public(&item.vis) {
            self.look(&item.sig);
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if self.public.contains(&item.ident.to_string()) {
            self.look(&item.supertraits);
            for member in &item.items {
                if let syn::TraitItem::Fn(function) = member {
                    self.look(&function.sig);
                }
            }
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let name = match &*item.self_ty {
            syn::Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        if !name.is_some_and(|name| self.public.contains(&name)) {
            return;
        }
        if let Some(implemented) = &item.trait_ {
            // A conversion from somebody's error is a promise too.
            self.look(&implemented.0);
        }
        for member in &item.items {
            match member {
                syn::ImplItem::Fn(function) if is_public(&function.vis) => self.look(&function.sig),
                syn::ImplItem::Const(constant) if is_public(&constant.vis) => {
                    self.look(&constant.ty)
                }
                _ => {}
            }
        }
    }
}

/// What a file exports: the names of its public imports and items.
fn exported(path: &Path) -> BTreeSet<String> {
    let mut names = BTreeMap::new();
    for item in syn::parse_file(&std::fs::read_to_string(path).unwrap())
        .unwrap()
        .items
    {
        match item {
            Item::Use(item) if is_public(&item.vis) => imports(&item.tree, None, &mut names),
            Item::Struct(item) if is_public(&item.vis) => {
                names.insert(item.ident.to_string(), String::new());
            }
            Item::Enum(item) if is_public(&item.vis) => {
                names.insert(item.ident.to_string(), String::new());
            }
            Item::Fn(item) if is_public(&item.vis) => {
                names.insert(item.sig.ident.to_string(), String::new());
            }
            _ => {}
        }
    }
    names.into_keys().collect()
}

/// What is wrong with a file, and how many names were looked at.
fn check(
    path: &Path,
    text: &str,
    dependencies: &BTreeSet<String>,
    public: &BTreeSet<String>,
) -> (Vec<String>, usize) {
    let parsed = syn::parse_file(text).unwrap();
    let mut imported = BTreeMap::new();
    for item in &parsed.items {
        if let Item::Use(item) = item {
            imports(&item.tree, None, &mut imported);
        }
    }
    let (wrong, seen) = (Vec::new(), 0);
    let mut file = File {
        imports: imported,
        dependencies,
        public,
        path,
        wrong,
        seen,
    };
    file.visit_file(&parsed);
    (file.wrong, file.seen)
}

#[test]
fn no_public_item_names_a_type_of_what_we_are_built_on() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = root.parent().unwrap().join("runtime/src");
    let doors = ["lib.rs", "http/mod.rs", "store/mod.rs", "testing/mod.rs"];
    let doors = doors.map(|door| exported(&root.join(door)));
    let public: BTreeSet<String> = doors.into_iter().flatten().collect();
    let dependencies = dependencies();
    let mut files = Vec::new();
    sources(&root, &mut files);
    let tests = |path: &PathBuf| {
        let mut parts = path.strip_prefix(&root).unwrap().components();
        parts.any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
    };
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in files.iter().filter(|path| !tests(path)) {
        let text = std::fs::read_to_string(path).unwrap();
        let (found, looked) = check(path, &text, &dependencies, &public);
        wrong.extend(found);
        seen += looked;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(
        seen > 500,
        "only {seen} names were seen: the test no longer reads what it should"
    );
}

#[test]
fn only_these_modules_are_public() {
    let lib = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/lib.rs");
    let items = syn::parse_file(&std::fs::read_to_string(lib).unwrap())
        .unwrap()
        .items;
    let modules = items.into_iter().filter_map(|item| match item {
        Item::Mod(item) if is_public(&item.vis) => Some(item.ident.to_string()),
        _ => None,
    });
    assert_eq!(
        modules.collect::<Vec<_>>(),
        [
            "http",
            "propagation",
            "store",
            "testing",
            "__critical",
            "__events",
            "__private"
        ]
    );
}

#[test]
fn a_foreign_type_is_found_wherever_it_stands() {
    let dependencies: BTreeSet<String> = ["sqlx", "metrics"].map(str::to_owned).into();
    let public: BTreeSet<String> = ["Shown", "shown"].map(str::to_owned).into();
    let wrong = |text: &str| {
        check(Path::new("x.rs"), text, &dependencies, &public)
            .0
            .len()
    };
    assert_eq!(dependencies.len(), 2);
    for text in [
        "pub struct Shown { pub pool: sqlx::Pool }",
        "pub struct Shown(pub Option<sqlx::Pool>);",
        "pub enum Shown { Failed(#[from] sqlx::Error) }",
        "use sqlx::Pool as Hidden; pub fn shown() -> Hidden {}",
        "use metrics::{Key, Label}; impl Shown { pub fn f(&self, label: Vec<Label>) {} }",
        "impl From<sqlx::Error> for Shown { fn from(error: sqlx::Error) -> Self { todo!() } }",
    ] {
        assert_eq!(wrong(text), 1, "{text}");
    }
    for text in [
        "pub struct Shown { pool: sqlx::Pool }",
        "pub struct Other { pub pool: sqlx::Pool }",
        "use crate::metrics::Key; impl Shown { pub fn f(&self, key: Key) {} fn g(a: sqlx::Pool) {} }",
        "impl Shown { pub fn f(&self, key: crate::metrics::Key) {} }",
    ] {
        assert_eq!(wrong(text), 0, "{text}");
    }
}
