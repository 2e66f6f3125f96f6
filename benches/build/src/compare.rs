//! All variants beside each other, interleaved, the best of several rounds.

use std::error::Error;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::cost::{self, Cost, Task};
use crate::generate::{self, FUNCTIONS};
use crate::variant::Variant;

/// Ours may take this share of the CPU of tracing's.
pub(crate) const PROMISE: f64 = 0.5;

/// The results.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// How many functions each crate has.
    pub(crate) functions: usize,
    /// How often each build was measured.
    pub(crate) rounds: u64,
    /// The most that the shares may be.
    promise: f64,
    /// Returns this variant's CPU time divided by that of tracing's attribute.
    pub(crate) share: Share,
    /// One for each variant.
    pub(crate) rows: Vec<Row>,
}

/// Ours of tracing's.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Share {
    pub(crate) check: f64,
    pub(crate) release: f64,
}

/// The results of one variant.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Row {
    /// The variant.
    pub(crate) variant: Variant,
    /// `cargo check`
    pub(crate) check: Cost,
    /// `cargo build --release`
    pub(crate) release: Cost,
    /// The size of the program.
    pub(crate) bytes: u64,
}

impl Row {
    fn new(variant: Variant) -> Self {
        Self {
            variant,
            check: Cost::MOST,
            release: Cost::MOST,
            bytes: 0,
        }
    }

    pub(crate) fn cost(&mut self, task: Task) -> &mut Cost {
        match task {
            Task::Check => &mut self.check,
            Task::Release => &mut self.release,
        }
    }

    /// Its share of the CPU of another.
    pub(crate) fn share_of(&self, other: &Self) -> Share {
        Share {
            check: self.check.cpu / other.check.cpu,
            release: self.release.cpu / other.release.cpu,
        }
    }
}

impl Comparison {
    fn of(rounds: u64, rows: Vec<Row>) -> Result<Self, Box<dyn Error>> {
        let [_, instrument, ours] = rows[..] else {
            return Err("a variant is missing".into());
        };
        Ok(Self {
            functions: FUNCTIONS,
            rounds,
            promise: PROMISE,
            share: ours.share_of(&instrument),
            rows,
        })
    }

    /// Returns `true` if the promise holds.
    pub(crate) fn holds(&self) -> bool {
        self.share.check <= PROMISE && self.share.release <= PROMISE
    }
}

/// Writes the crates, builds what they need, and measures.
pub(crate) fn all(work: &Path, rounds: u64) -> Result<Comparison, Box<dyn Error>> {
    generate::workspace(work)?;
    let mut rows: Vec<Row> = Variant::ALL.into_iter().map(Row::new).collect();
    // The first round builds the dependencies, and does not count.
    for round in 0..=rounds {
        for task in Task::ALL {
            for row in &mut rows {
                let cost = cost::of(work, row.variant, task)?;
                let best = row.cost(task);
                if round > 0 {
                    *best = best.best(cost);
                }
            }
        }
    }
    for row in &mut rows {
        let program = work.join("target/release").join(row.variant.name());
        row.bytes = fs::metadata(program)?.len();
    }
    Comparison::of(rounds, rows)
}
