//! The matrix of the attribute: shapes of functions times arguments, each beside itself without the attribute.
//!
//! `matrix sample [SEED]` takes a few sets of arguments for each shape, `matrix all [SEED]` takes all of them and runs clippy too, `matrix self-check` checks that planted faults are found, and `matrix list` prints the table.
//! `--only WORD` keeps the shapes whose name has the word; `--target DIR` is the build folder.
//!
//! The shapes are in `tests/matrix/shapes`, in the format of `shape.rs`; the arguments are in `arguments.rs`.

#![allow(clippy::print_stdout, missing_docs)]

mod arguments;
mod build;
mod deep;
mod diagnostics;
mod hostile;
mod plan;
mod program;
mod report;
mod shape;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use plan::{Extent, Plan};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// The arguments of the command line.
struct Asked {
    extent: Extent,
    seed: u64,
    only: Option<String>,
    target: PathBuf,
    list: bool,
}

fn asked() -> Fallible<Asked> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let mut asked = Asked {
        extent: Extent::Sample,
        seed: fastrand::u64(..1 << 32),
        only: None,
        target: target.map_or_else(|| root.join("target"), PathBuf::from),
        list: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "sample" => asked.extent = Extent::Sample,
            "all" => asked.extent = Extent::All,
            "self-check" => asked.extent = Extent::Planted,
            "list" => asked.list = true,
            "--only" => asked.only = Some(value()?),
            "--target" => asked.target = value()?.into(),
            seed => asked.seed = seed.parse().map_err(|_| format!("what is `{seed}`?"))?,
        }
    }
    Ok(asked)
}

fn main() -> ExitCode {
    run().unwrap_or_else(|wrong| {
        println!("matrix: {wrong}");
        ExitCode::FAILURE
    })
}

fn run() -> Fallible<ExitCode> {
    let asked = asked()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix");
    let planted = asked.extent == Extent::Planted;
    let mut shapes = shape::read(&folder.join(if planted { "planted" } else { "shapes" }))?;
    if let Some(word) = &asked.only {
        shapes.retain(|shape| shape.name.contains(word.as_str()));
    }
    let mut plan = Plan::new(shapes, asked.extent, asked.seed);
    println!("{}", plan.headline());
    if asked.list {
        print!("{}", plan.table());
        return Ok(ExitCode::SUCCESS);
    }
    let report = build::run(&mut plan, &folder, &asked.target)?;
    print!("{}", report.text(&plan));
    Ok(if report.good(&plan) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
