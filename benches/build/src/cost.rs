//! One build of one crate, and the time that it takes.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde::Serialize;

use crate::variant::Variant;

/// Linux counts the time of processes in these, whatever the machine.
const TICKS: f64 = 100.0;

/// The cargo subcommand.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Task {
    /// `cargo check`
    Check,
    /// `cargo build --release`
    Release,
}

impl Task {
    pub(crate) const ALL: [Self; 2] = [Self::Check, Self::Release];

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Check => &["check"],
            Self::Release => &["build", "--release"],
        }
    }
}

/// The CPU time of a build, in seconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Cost {
    /// All processes and threads together.
    pub(crate) cpu: f64,
    /// By the clock.
    pub(crate) wall: f64,
}

impl Cost {
    /// More than any build takes.
    pub(crate) const MOST: Self = Self {
        cpu: f64::INFINITY,
        wall: f64::INFINITY,
    };

    /// The lesser of each.
    pub(crate) fn best(self, other: Self) -> Self {
        Self {
            cpu: self.cpu.min(other.cpu),
            wall: self.wall.min(other.wall),
        }
    }
}

/// Builds a crate, and nothing else if its dependencies are built.
pub(crate) fn of(work: &Path, variant: Variant, task: Task) -> Result<Cost, Box<dyn Error>> {
    // Written anew, so that cargo sees a change.
    let main = work.join(variant.name()).join("src/main.rs");
    fs::write(&main, fs::read(&main)?)?;
    let (cpu, clock) = (children()?, Instant::now());
    cargo(work, variant, task)?;
    Ok(Cost {
        wall: clock.elapsed().as_secs_f64(),
        cpu: children()? - cpu,
    })
}

fn cargo(work: &Path, variant: Variant, task: Task) -> Result<(), Box<dyn Error>> {
    let output = Command::new("cargo")
        .args(task.arguments())
        .args(["--quiet", "--package", variant.name()])
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_TARGET_DIR", work.join("target"))
        .current_dir(work)
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "the crate with {} does not build:\n{output}",
        variant.name()
    )
    .into())
}

/// The CPU seconds of all processes that this one, or one that it waited for, has waited for.
fn children() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    // `cutime` and `cstime` of proc(5), whose third field is the first after the name.
    let ticks = after_name.split_whitespace().skip(13).take(2);
    let mut sum = 0.0;
    for number in ticks {
        sum += number.parse::<f64>()?;
    }
    Ok(sum / TICKS)
}
