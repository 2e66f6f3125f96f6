//! Writes the crates: the same functions in all, under another attribute in each.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use crate::variant::Variant;

/// How many modules a crate has.
const MODULES: usize = 10;

/// How many functions of each kind a module has.
const PAIRS: usize = 15;

/// How many functions a crate has.
pub(crate) const FUNCTIONS: usize = 2 * PAIRS * MODULES;

/// The ragspan that this program was built beside, and the versions that were tested with it.
const HOME: &str = env!("CARGO_MANIFEST_DIR");

const MAIN: &str = r#"
use std::future::Future;
use std::task::{Context, Poll, Waker};

#[derive(Debug)]
pub enum SearchError {
    Broken(usize),
    Nothing,
}

impl std::fmt::Display for SearchError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Broken(rank) => write!(out, "hit {rank} is broken"),
            Self::Nothing => out.write_str("nothing was found"),
        }
    }
}

impl std::error::Error for SearchError {}

fn found_by(result: Result<Vec<u32>, SearchError>) -> usize {
    result.map_or(0, |hits| hits.len())
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
"#;

/// Writes a workspace with a crate for each variant into `work`.
pub(crate) fn workspace(work: &Path) -> io::Result<()> {
    fs::create_dir_all(work)?;
    let members = Variant::ALL.map(Variant::name);
    fs::write(
        work.join("Cargo.toml"),
        format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n"),
    )?;
    fs::copy(
        Path::new(HOME).join("../Cargo.lock"),
        work.join("Cargo.lock"),
    )?;
    Variant::ALL
        .into_iter()
        .try_for_each(|variant| member(&work.join(variant.name()), variant))
}

fn member(folder: &Path, variant: Variant) -> io::Result<()> {
    let source = folder.join("src");
    fs::create_dir_all(&source)?;
    fs::write(folder.join("Cargo.toml"), manifest(variant))?;
    fs::write(source.join("main.rs"), main(variant))?;
    (0..MODULES).try_for_each(|index| {
        let text = module(index, variant);
        fs::write(source.join(format!("stage_{index}.rs")), text)
    })
}

fn manifest(variant: Variant) -> String {
    let runtime = Path::new(HOME).join("../../runtime");
    format!(
        "[package]\nname = \"{}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n{}",
        variant.name(),
        variant.dependencies(&runtime.to_string_lossy()),
    )
}

fn main(variant: Variant) -> String {
    let mut text = format!("// {}\n", variant.name());
    let mut calls = String::new();
    for index in 0..MODULES {
        // Writing to a string does not fail.
        let _wrote = writeln!(text, "mod stage_{index};");
        let _wrote = writeln!(calls, "    found += block_on(stage_{index}::all(query));");
    }
    format!(
        "{text}{MAIN}\nfn main() {{\n    let query = std::hint::black_box(\"what is a span?\");\n    let mut found = 0;\n\
         {calls}    println!(\"{{found}} hits\");\n}}\n"
    )
}

/// Functions of both kinds, and one that calls them all, so that none is left out of the build.
fn module(index: usize, variant: Variant) -> String {
    let mut text = "use crate::{SearchError, found_by};\n\n".to_owned();
    let mut calls = String::new();
    for pair in index * PAIRS..(index + 1) * PAIRS {
        text.push_str(&functions(pair, variant.attribute()));
        let _wrote = writeln!(
            calls,
            "    found += found_by(fetch_{pair}(query, {pair}, 0.5));\n    \
             found += found_by(search_{pair}(query, {pair}, 0.5).await);"
        );
    }
    format!(
        "{text}pub async fn all(query: &str) -> usize {{\n    let mut found = 0;\n{calls}    found\n}}\n"
    )
}

/// Each function has a small body: the benchmark measures the code around it.
fn functions(pair: usize, attribute: &str) -> String {
    format!(
        r"{attribute}pub fn fetch_{pair}(query: &str, top_k: usize, weight: f64) -> Result<Vec<u32>, SearchError> {{
    if top_k > {limit} {{
        return Err(SearchError::Broken(top_k));
    }}
    Ok(vec![(query.len() as f64 * weight) as u32; top_k])
}}

{attribute}pub async fn search_{pair}(query: &str, top_k: usize, weight: f64) -> Result<Vec<u32>, SearchError> {{
    let hits = std::future::ready(fetch_{pair}(query, top_k, weight)).await?;
    if hits.is_empty() {{
        return Err(SearchError::Nothing);
    }}
    Ok(hits)
}}

",
        limit = pair + 100
    )
}
