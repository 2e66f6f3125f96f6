//! Functions whose bodies diverge: with the attribute, the compiler and clippy warn of no more than without it.
//!
//! Each function is generated twice, as `plain` and as `annotated`, and all are compiled in one run of clippy with its
//! default lints.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::Fallible;
use crate::diagnostics::expansions;

/// Parameters by value, and a statement that uses them.
const PARAMETERS: [(&str, &str); 7] = [
    ("query: String", "drop(query);"),
    ("limit: usize", "super::keep(limit);"),
    ("mut items: Vec<u8>", "items.push(1); drop(items);"),
    ("(first, _rest): (String, Vec<u8>)", "drop(first);"),
    ("filter: Option<Box<dyn Fn(u8) -> bool>>", "drop(filter);"),
    ("text: impl Into<String>", "drop(text.into());"),
    (
        "_unused: String, fallback: Result<u8, String>",
        "drop(fallback);",
    ),
];

/// The ends of the bodies: what is before them does not diverge. `VALUE` is a value of the returned type.
const ENDS: [&str; 14] = [
    "todo!()",
    "unimplemented!(\"later\")",
    "panic!(\"no plan\")",
    "unreachable!()",
    "loop { std::thread::park(); }",
    "return VALUE;",
    "return todo!();",
    "std::process::exit(1)",
    "std::process::abort();",
    "super::diverge()",
    "let never = super::diverge(); never",
    "if super::is_set() { todo!() } else { panic!() }",
    "match super::parse() { Ok(_) => return VALUE, Err(_) => todo!() }",
    "super::checked()?; todo!()",
];

/// The end that needs a function that returns a `Result`.
const QUESTION_MARK: &str = "super::checked()?; todo!()";

/// A form of function: its head and its end around the body, and a value that it returns. `PARAMETERS` is replaced.
struct Form {
    head: &'static str,
    tail: &'static str,
    value: &'static str,
    is_fallible: bool,
    /// The returned type is known by a value only.
    is_opaque: bool,
}

const fn form(head: &'static str, tail: &'static str, value: &'static str) -> Form {
    Form {
        head,
        tail,
        value,
        is_fallible: false,
        is_opaque: false,
    }
}

const RESULT: &str = "Ok(1)";

const FORMS: [Form; 8] = [
    form("ATTRIBUTE pub fn f(PARAMETERS) -> u32", "", "1"),
    form("ATTRIBUTE pub async fn f(PARAMETERS) -> u32", "", "1"),
    form(
        "pub struct S(pub String); impl S { ATTRIBUTE pub fn f(self, PARAMETERS) -> u32",
        "}",
        "1",
    ),
    form(
        "pub struct S(pub String); impl S { ATTRIBUTE pub async fn f(&mut self, PARAMETERS) -> u32",
        "}",
        "1",
    ),
    form("ATTRIBUTE pub fn f(PARAMETERS)", "", "()"),
    Form {
        is_fallible: true,
        ..form(
            "ATTRIBUTE pub fn f(PARAMETERS) -> Result<u32, String>",
            "",
            RESULT,
        )
    },
    Form {
        is_fallible: true,
        ..form(
            "ATTRIBUTE pub async fn f(PARAMETERS) -> Result<u32, String>",
            "",
            RESULT,
        )
    },
    Form {
        is_opaque: true,
        ..form(
            "ATTRIBUTE pub fn f(PARAMETERS) -> impl Iterator<Item = u8>",
            "",
            "vec![1_u8].into_iter()",
        )
    },
];

const HEAD: &str = "
pub fn keep(_: usize) {}
pub fn is_set() -> bool { std::env::args().count() > 1 }
pub fn parse() -> Result<u8, std::num::ParseIntError> { \"1\".parse() }
pub fn checked() -> Result<(), String> { Ok(()) }
pub fn diverge() -> ! { std::process::exit(1) }
";

const ATTRIBUTE: &str = "#[::ragspan::rag_span(layer = \"data\")]";

/// The generated program, and the functions that it has.
#[derive(Default)]
struct Program {
    text: String,
    /// The functions without the attribute, whose modules have two numbers: twice the index, and the next for the twin.
    functions: Vec<String>,
    /// The first line of each module, counted from 1.
    modules: Vec<usize>,
}

impl Program {
    /// Returns every function; with `is_planted` one, whose twin has a statement after its end.
    fn new(is_planted: bool) -> Self {
        let mut program = Self::default();
        program.text.push_str(HEAD);
        for form in &FORMS {
            for end in ENDS
                .into_iter()
                .filter(|end| form.is_fallible || *end != QUESTION_MARK)
            {
                for parameters in PARAMETERS {
                    program.add(&function(form, end, parameters), is_planted);
                    if is_planted {
                        return program;
                    }
                }
            }
        }
        program
    }

    fn add(&mut self, function: &str, is_planted: bool) {
        let number = self.functions.len();
        let twin = function.replace("ATTRIBUTE", ATTRIBUTE);
        let twin = match is_planted {
            true => twin.replace("todo!()", "todo!(); 1"),
            false => twin,
        };
        let plain = function.replace("ATTRIBUTE ", "");
        for (kind, text) in [("plain", &plain), ("annotated", &twin)] {
            self.modules.push(self.text.lines().count() + 1);
            // A string takes no error.
            let _ok = write!(self.text, "pub mod {kind}_{number} {{\n{text}\n}}\n");
        }
        self.functions.push(plain);
    }

    /// Returns the number of the module that a line belongs to.
    fn module(&self, line: usize) -> Option<usize> {
        self.modules
            .partition_point(|first| *first <= line)
            .checked_sub(1)
    }
}

fn function(form: &Form, end: &str, (parameters, usage): (&str, &str)) -> String {
    let head = form.head.replace("PARAMETERS", parameters);
    let early = match form.is_opaque {
        true => format!("if super::is_set() {{ return {}; }}", form.value),
        false => String::new(),
    };
    let end = end.replace("VALUE", form.value);
    format!("{head} {{\n{usage}\n{early}\n{end}\n}} {}", form.tail)
}

/// The warnings of a run of clippy, by the number of the module and the lint.
type Warnings = BTreeMap<usize, BTreeMap<String, String>>;

/// Compiles the functions against this build of ragspan; returns their number, and what only their twins cause.
pub(crate) fn check(
    ragspan: &Path,
    folder: &Path,
    is_planted: bool,
) -> Fallible<(usize, Vec<String>)> {
    let program = Program::new(is_planted);
    let file = folder.join("diverging.rs");
    std::fs::write(&file, &program.text)?;
    let found = warnings(&program, &clippy(&file, ragspan, folder)?)?;
    let none = BTreeMap::new();
    let wrong = (0..program.functions.len()).flat_map(|index| {
        let known: BTreeSet<&String> = found.get(&(2 * index)).unwrap_or(&none).keys().collect();
        let of_twin = found.get(&(2 * index + 1)).unwrap_or(&none);
        let added = of_twin
            .iter()
            .filter(move |(lint, _)| !known.contains(lint));
        added.map(|(_, text)| text.clone())
    });
    Ok((program.functions.len(), wrong.collect()))
}

fn clippy(file: &Path, ragspan: &Path, folder: &Path) -> Fallible<Output> {
    let mut dependency = std::ffi::OsString::from("dependency=");
    dependency.push(ragspan.parent().ok_or("no folder")?);
    let mut library = std::ffi::OsString::from("ragspan=");
    library.push(ragspan);
    let mut command = Command::new("clippy-driver");
    command
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
        ])
        .args(["--error-format", "json", "--out-dir"])
        .arg(folder)
        .arg("-L")
        .arg(dependency)
        .arg("--extern")
        .arg(library)
        .arg(file);
    Ok(command.output()?)
}

fn warnings(program: &Program, output: &Output) -> Fallible<Warnings> {
    let mut found = Warnings::new();
    let text = String::from_utf8_lossy(&output.stderr);
    for line in text.lines() {
        let message: Value = serde_json::from_str(line).map_err(|_| line.to_owned())?;
        let rendered = message["rendered"].as_str().unwrap_or_default();
        if message["level"] == "error" {
            return Err(format!("a diverging function does not compile: {rendered}").into());
        }
        let spans = message["spans"].as_array().into_iter().flatten();
        let lines = spans.flat_map(expansions).filter_map(|span| {
            let is_generated = span["file_name"].as_str()?.ends_with("diverging.rs");
            let line = span["line_start"].as_u64().filter(|_| is_generated)?;
            program.module(usize::try_from(line).ok()?)
        });
        if let Some(module) = lines.min() {
            let lint = message["code"]["code"].as_str().unwrap_or_default();
            let all = found.entry(module).or_default();
            all.insert(lint.to_owned(), rendered.to_owned());
        }
    }
    Ok(found)
}

/// Returns the library of ragspan that a build has used.
pub(crate) fn library(build: &Output) -> Fallible<PathBuf> {
    let text = String::from_utf8_lossy(&build.stdout);
    let messages = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = messages
        .filter(|message| message["target"]["name"] == "ragspan")
        .find_map(|message| {
            let files = message["filenames"].as_array()?;
            let mut names = files.iter().filter_map(Value::as_str);
            names
                .find(|name| name.ends_with(".rlib"))
                .map(PathBuf::from)
        });
    found.ok_or_else(|| "the build has no library of ragspan".into())
}
