//! The matrix of the attribute: runs shapes of functions with sets of arguments, and compares each with the same function
//! without the attribute.
//!
//! `matrix sample [SEED]` runs a few sets of arguments for each shape. `matrix all [SEED]` runs all sets, and clippy.
//! Both compare the warnings about bodies that diverge, too.
//! `matrix self-check` checks that planted faults are found, and `matrix list` prints the table.
//! `--only WORD` selects the shapes whose name contains the word; `--target DIR` is the target folder of the builds.
//!
//! The shapes are in `tests/matrix/shapes`, in the format that `shape.rs` describes; the arguments are in `arguments.rs`.

#![allow(clippy::print_stdout, missing_docs)]

mod arguments;
mod build;
mod deep;
mod diagnostics;
mod diverging;
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
struct Options {
    extent: Extent,
    seed: u64,
    only: Option<String>,
    target: PathBuf,
    list: bool,
}

fn options() -> Fallible<Options> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let mut options = Options {
        extent: Extent::Sample,
        seed: fastrand::u64(..1 << 32),
        only: None,
        target: target.map_or_else(|| root.join("target"), PathBuf::from),
        list: false,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "sample" => options.extent = Extent::Sample,
            "all" => options.extent = Extent::All,
            "self-check" => options.extent = Extent::Planted,
            "list" => options.list = true,
            "--only" => options.only = Some(value()?),
            "--target" => options.target = value()?.into(),
            seed => {
                options.seed = seed
                    .parse()
                    .map_err(|_| format!("unknown argument `{seed}`"))?
            }
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    run().unwrap_or_else(|wrong| {
        println!("matrix: {wrong}");
        ExitCode::FAILURE
    })
}

fn run() -> Fallible<ExitCode> {
    let options = options()?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("matrix");
    let planted = options.extent == Extent::Planted;
    let mut shapes = shape::read(&folder.join(if planted { "planted" } else { "shapes" }))?;
    if let Some(word) = &options.only {
        shapes.retain(|shape| shape.name.contains(word.as_str()));
    }
    let mut plan = Plan::new(shapes, options.extent, options.seed);
    println!("{}", plan.headline());
    if options.list {
        print!("{}", plan.table());
        return Ok(ExitCode::SUCCESS);
    }
    let report = build::run(&mut plan, &folder, &options.target)?;
    print!("{}", report.text(&plan));
    Ok(if report.passes(&plan) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
