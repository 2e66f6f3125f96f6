//! The public API names no type of an implementation dependency, so that those dependencies can be replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

/// The crates whose public items users of `ragspan` see: `ragspan` re-exports items of `ragspan-core`.
const CRATES: [&str; 2] = ["core", "runtime"];

/// Crates whose types the public API may name. `http`, `http_body`, `tower_layer` and `tower_service` are the interfaces between
/// servers and clients; `reqwest_middleware` is the purpose of the feature `reqwest`.
const VOCABULARY: [&str; 16] = [
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
    "ragspan_core",
    "ragspan_macros",
];

/// First segments of a path that do not name another crate.
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

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// The dependencies of a crate, as paths name them.
fn dependencies(folder: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
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

/// Maps each imported name to the first segment of its path.
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
        _ => panic!("a glob import hides the crate that a name comes from"),
    }
}

/// One source file: its imports, and the types that its public items name.
struct File<'a> {
    imports: BTreeMap<String, String>,
    dependencies: &'a BTreeSet<String>,
    public: &'a BTreeSet<String>,
    path: &'a Path,
    wrong: Vec<String>,
    seen: usize,
}

impl File<'_> {
    /// Checks the names in tokens that are part of the public API.
    fn check(&mut self, shown: &impl ToTokens) {
        self.walk(shown.to_token_stream());
    }

    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let text = |at: usize| tokens.get(at).map(ToString::to_string).unwrap_or_default();
        let is_path = |at: usize| text(at) == ":" && text(at + 1) == ":";
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.walk(group.stream()),
                // Only the first segment of a path can name a crate.
                TokenTree::Ident(name) if at < 2 || !is_path(at - 2) => {
                    self.check_name(&name.to_string(), is_path(at + 1));
                }
                _ => {}
            }
        }
    }

    /// A name refers to a crate if it was imported from it, or if it is the crate's own name and begins a path.
    fn check_name(&mut self, name: &str, begins_a_path: bool) {
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
            self.check(&item.generics);
            let fields = item.fields.iter().filter(|field| is_public(&field.vis));
            fields.for_each(|field| self.check(&field.ty));
        }
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        if self.public.contains(&item.ident.to_string()) {
            self.check(&item.generics);
            item.variants
                .iter()
                .for_each(|variant| self.check(&variant.fields));
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if self.public.contains(&item.sig.ident.to_string()) && is_public(&item.vis) {
            self.check(&item.sig);
        }
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        if self.public.contains(&item.ident.to_string()) {
            self.check(&item.supertraits);
            for member in &item.items {
                if let syn::TraitItem::Fn(function) = member {
                    self.check(&function.sig);
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
            // `From<foreign::Error>` is part of the public API too.
            self.check(&implemented.0);
        }
        for member in &item.items {
            match member {
                syn::ImplItem::Fn(function) if is_public(&function.vis) => {
                    self.check(&function.sig)
                }
                syn::ImplItem::Const(constant) if is_public(&constant.vis) => {
                    self.check(&constant.ty)
                }
                _ => {}
            }
        }
    }
}

/// Collects the names of public imports and items, and of those in public modules; `folder` has the files of the modules.
fn exported(items: Vec<Item>, folder: &Path, names: &mut BTreeMap<String, String>) {
    for item in items {
        let (visibility, name) = match item {
            Item::Use(item) if is_public(&item.vis) => {
                imports(&item.tree, None, names);
                continue;
            }
            Item::Mod(item) if is_public(&item.vis) && !is_internal(&item) => {
                exported_module(item, folder, names);
                continue;
            }
            Item::Struct(item) => (item.vis, item.ident),
            Item::Enum(item) => (item.vis, item.ident),
            Item::Trait(item) => (item.vis, item.ident),
            Item::Fn(item) => (item.vis, item.sig.ident),
            _ => continue,
        };
        if is_public(&visibility) {
            names.insert(name.to_string(), String::new());
        }
    }
}

/// The modules `__critical`, `__events` and `__private` are for expansions of the macros only.
fn is_internal(module: &syn::ItemMod) -> bool {
    module.ident.to_string().starts_with("__")
}

fn exported_module(module: syn::ItemMod, folder: &Path, names: &mut BTreeMap<String, String>) {
    let name = module.ident.to_string();
    let inner = folder.join(&name);
    if let Some((_, items)) = module.content {
        return exported(items, &inner, names);
    }
    let files = [inner.join("mod.rs"), folder.join(format!("{name}.rs"))];
    let file = files.iter().find(|file| file.exists()).unwrap();
    exported(parse(file).items, &inner, names);
}

fn parse(path: &Path) -> syn::File {
    syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the violations in a file, and the number of names that were checked.
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

/// Checks the sources of a crate; returns the violations, and the number of names that were checked.
fn check_crate(folder: &Path) -> (Vec<String>, usize) {
    let root = folder.join("src");
    let mut names = BTreeMap::new();
    exported(parse(&root.join("lib.rs")).items, &root, &mut names);
    let public: BTreeSet<String> = names.into_keys().collect();
    let dependencies = dependencies(folder);
    let mut files = Vec::new();
    sources(&root, &mut files);
    let is_test = |path: &PathBuf| {
        let mut parts = path.strip_prefix(&root).unwrap().components();
        parts.any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
    };
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in files.iter().filter(|path| !is_test(path)) {
        let text = std::fs::read_to_string(path).unwrap();
        let (found, checked) = check(path, &text, &dependencies, &public);
        wrong.extend(found);
        seen += checked;
    }
    (wrong, seen)
}

#[test]
fn no_public_item_names_a_type_of_an_implementation_dependency() {
    for name in CRATES {
        let (wrong, seen) = check_crate(&workspace().join(name));
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(seen > 100, "only {seen} names were checked in {name}");
    }
}

#[test]
fn only_these_modules_are_public() {
    let items = parse(&workspace().join("runtime/src/lib.rs")).items;
    let modules = items.into_iter().filter_map(|item| match item {
        Item::Mod(item) if is_public(&item.vis) => Some(item.ident.to_string()),
        _ => None,
    });
    let modules: BTreeSet<String> = modules.collect();
    let expected = [
        "__critical",
        "__events",
        "__private",
        "config",
        "error",
        "http",
        "prices",
        "privacy",
        "propagation",
        "rag",
        "scope",
        "task",
        "telemetry",
        "testing",
    ];
    assert_eq!(modules, expected.map(str::to_owned).into());
}

#[test]
fn a_foreign_type_is_found_in_every_position() {
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
