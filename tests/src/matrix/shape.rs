//! Reads the shapes of functions from `tests/matrix/shapes/*.rs`.
//!
//! A shape is a few items of Rust below lines that describe it:
//!
//! ```text
//! //# shape async fn, moved argument      its name; of a row of macros.md 1.3 with the word `row` before it
//! //# args a: value, list: debug          arguments that a field can name; the type of a `value` implements `tracing::Value`
//! //# returns result                      `value`, `nothing`, `option`, `list`, `result`, `opaque` (an unknown type)
//! //# ok v.len()                          a field of the value `v`; without the line, `?v`
//! //# without operation, ret              arguments of the attribute that do not fit
//! //# block                               the attribute is on a whole block
//! //# edition 2024                        not in 2021
//! //# prelude                             not in a hostile module
//! //# drive success => f(1)               a call, and the statuses of its records in their order. `success/empty` is `empty`
//! //#                                     with that argument; `none/empty` has no value without it. Lines without a keyword continue a call.
//! //# planted this => that                in `tests/matrix/planted`: a fault of the annotated twin
//! //# found text                          and the problem that has to be reported
//! #[rag]                                  the attribute; `#[rag(x)]` adds x to the arguments, `#[rag(only x)]` has only x
//! async fn f(a: u8, list: Vec<u8>) -> Vec<u8> { list }
//! ```

use std::path::Path;

use crate::Fallible;

/// One shape.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) name: String,
    /// True for a row of the reference's table.
    pub(crate) row: bool,
    pub(crate) args: Vec<Arg>,
    pub(crate) returns: Returns,
    pub(crate) ok: Option<String>,
    pub(crate) without: Vec<String>,
    /// True if the attribute is on a whole block.
    pub(crate) block: bool,
    pub(crate) edition_2024: bool,
    pub(crate) prelude: bool,
    pub(crate) drives: Vec<Drive>,
    /// In a self-check: the text to replace in the annotated twin, and its replacement.
    pub(crate) planted: Option<(String, String)>,
    /// In a self-check: the problem that has to be reported.
    pub(crate) found: Option<String>,
    pub(crate) items: String,
}

/// An argument of the function.
#[derive(Debug)]
pub(crate) struct Arg {
    pub(crate) name: String,
    pub(crate) is_value: bool,
}

/// The kind of value that a function returns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Returns {
    #[default]
    Value,
    Nothing,
    Option,
    List,
    Result,
    Opaque,
}

/// A call, and the statuses of its records.
#[derive(Debug)]
pub(crate) struct Drive {
    pub(crate) statuses: Vec<String>,
    pub(crate) call: String,
}

/// Reads all shapes, in the order of the files.
pub(crate) fn read(folder: &Path) -> Fallible<Vec<Shape>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::path);
    let mut shapes = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file.path())?;
        for section in text.split("//# shape ").skip(1) {
            let name = section.lines().next().unwrap_or_default();
            let shape = parse(section);
            shapes.push(shape.map_err(|wrong| format!("{:?}: {name}: {wrong}", file.path()))?);
        }
    }
    unique(&shapes)?;
    Ok(shapes)
}

fn unique(shapes: &[Shape]) -> Fallible<()> {
    let mut names: Vec<&str> = shapes.iter().map(|shape| shape.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(format!("two shapes have the name `{}`", pair[0]).into()),
        None => Ok(()),
    }
}

fn parse(section: &str) -> Fallible<Shape> {
    let mut shape = Shape::default();
    let (name, rest) = section.split_once('\n').unwrap_or((section, ""));
    let row = name.strip_prefix("row ");
    (shape.name, shape.row) = (row.unwrap_or(name).trim().to_owned(), row.is_some());
    for line in rest.lines() {
        match line.strip_prefix("//# ") {
            Some(line) => apply(&mut shape, line)?,
            None => {
                shape.items.push_str(line);
                shape.items.push('\n');
            }
        }
    }
    shape.items = shape.items.trim_end().to_owned();
    if shape.drives.is_empty() {
        return Err("the shape has no `drive` line".into());
    }
    Ok(shape)
}

fn apply(shape: &mut Shape, line: &str) -> Fallible<()> {
    if let Some(more) = line.strip_prefix("  ") {
        let drive = shape
            .drives
            .last_mut()
            .ok_or("there is no call to continue")?;
        drive.call.push('\n');
        drive.call.push_str(more);
        return Ok(());
    }
    let (keyword, value) = line.split_once(' ').unwrap_or((line, ""));
    match keyword {
        "args" => shape.args = split(value).map(arg).collect::<Fallible<_>>()?,
        "returns" => shape.returns = returns(value)?,
        "ok" => shape.ok = Some(value.to_owned()),
        "without" => shape.without = split(value).map(str::to_owned).collect(),
        "edition" => shape.edition_2024 = value == "2024",
        "block" => shape.block = true,
        "prelude" => shape.prelude = true,
        "planted" => {
            let (from, to) = value
                .split_once(" => ")
                .ok_or("a fault is `this => that`")?;
            shape.planted = Some((from.to_owned(), to.to_owned()));
        }
        "found" => shape.found = Some(value.to_owned()),
        "drive" => shape.drives.push(drive(value)?),
        _ => return Err(format!("unknown keyword `{keyword}`").into()),
    }
    Ok(())
}

fn split(list: &str) -> impl Iterator<Item = &str> {
    list.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

fn arg(text: &str) -> Fallible<Arg> {
    let (name, kind) = text.split_once(':').ok_or("an argument is `name: kind`")?;
    let is_value = match kind.trim() {
        "value" => true,
        "debug" => false,
        other => return Err(format!("`{other}` is not a kind of argument").into()),
    };
    Ok(Arg {
        name: name.trim().to_owned(),
        is_value,
    })
}

fn returns(word: &str) -> Fallible<Returns> {
    Ok(match word {
        "value" => Returns::Value,
        "nothing" => Returns::Nothing,
        "option" => Returns::Option,
        "list" => Returns::List,
        "result" => Returns::Result,
        "opaque" => Returns::Opaque,
        other => return Err(format!("`{other}` is not a kind of returned value").into()),
    })
}

fn drive(text: &str) -> Fallible<Drive> {
    let (statuses, call) = text
        .split_once("=>")
        .ok_or("a drive is `statuses => call`")?;
    let statuses = statuses.split_whitespace().map(str::to_owned).collect();
    Ok(Drive {
        statuses,
        call: call.trim().to_owned(),
    })
}
