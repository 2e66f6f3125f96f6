//! All variants beside each other: several rounds, interleaved, each measurement in a process of its own.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Serialize;

use crate::backend::RecordCounts;
use crate::callgrind;
use crate::measure::Costs;
use crate::one::Report;
use crate::table;
use crate::variant::{Path as How, Peer, Variant};

/// An annotated call may take this share of the instructions of one by hand.
pub const PROMISE: f64 = 1.0 / 3.0;

/// How many calls a batch has.
pub const CALLS: u64 = 1000;

/// How long it goes on.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Effort {
    /// How often each variant is timed.
    pub rounds: u64,
    /// How many batches a round has.
    pub batches: u64,
    /// How many where each is committed to a database.
    pub database_batches: u64,
    /// Only some variants.
    #[serde(skip)]
    quick: bool,
}

impl Effort {
    const FULL: Self = Self {
        rounds: 7,
        batches: 150,
        database_batches: 20,
        quick: false,
    };

    const QUICK: Self = Self {
        rounds: 2,
        batches: 30,
        database_batches: 5,
        quick: true,
    };

    /// In short: everything that succeeds in sync, and of the rest the two that the promise is about.
    fn variants(self) -> Vec<Variant> {
        let main = |peer| matches!(peer, Peer::ByHand | Peer::RagspanFile);
        let mut all = Variant::all();
        all.retain(|variant| !self.quick || variant.path == How::ALL[0] || main(variant.peer));
        all
    }

    fn batches_of(self, variant: Variant) -> u64 {
        match variant.peer {
            Peer::RagspanSqlite => self.database_batches,
            _ => self.batches,
        }
    }
}

/// The results of one variant.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The variant.
    pub variant: Variant,
    /// The smallest figures of all rounds.
    pub costs: Costs,
    /// Instructions per call on the caller's thread.
    pub instructions: Option<f64>,
    /// The sum over all its runs.
    pub counts: RecordCounts,
    /// `true` if every run found all its records; otherwise the figures do not count.
    pub complete: bool,
}

impl Row {
    fn new(variant: Variant) -> Self {
        let unknown = Costs {
            ns: f64::INFINITY,
            cpu_ns: f64::INFINITY,
            ..Costs::default()
        };
        Self {
            variant,
            costs: unknown,
            instructions: None,
            counts: RecordCounts::default(),
            complete: true,
        }
    }

    fn take_time(&mut self, report: Report) {
        self.costs.ns = self.costs.ns.min(report.costs.ns);
        self.costs.cpu_ns = self.costs.cpu_ns.min(report.costs.cpu_ns);
        self.take_counts(report.counts);
    }

    fn take_allocations(&mut self, report: Report) {
        self.costs.allocations = report.costs.allocations;
        self.costs.bytes = report.costs.bytes;
        self.take_counts(report.counts);
    }

    fn take_counts(&mut self, counts: RecordCounts) {
        self.complete &= counts.add_up();
        self.counts = RecordCounts {
            calls: self.counts.calls + counts.calls,
            expected: self.counts.expected + counts.expected,
            found: self.counts.found + counts.found,
            dropped: self.counts.dropped + counts.dropped,
            counted: counts
                .counted
                .map(|more| self.counts.counted.unwrap_or(0) + more),
        };
    }
}

/// All figures, and how long was measured.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// How long.
    pub effort: Effort,
    /// One for each variant.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// The one by hand that is called in the same way.
    #[must_use]
    pub fn by_hand(&self, row: &Row) -> Option<&Row> {
        let peer = Peer::ByHand;
        self.find(Variant {
            peer,
            ..row.variant
        })
    }

    fn find(&self, variant: Variant) -> Option<&Row> {
        self.rows.iter().find(|row| row.variant == variant)
    }

    /// Instructions of an annotated call, as a share of one by hand; `None` where they are not counted.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let (peer, path) = (Peer::RagspanFile, How::ALL[0]);
        let ours = self.find(Variant { peer, path })?;
        Some(ours.instructions? / self.by_hand(ours)?.instructions?)
    }

    /// Returns `true` if every record was found and, where instructions are counted, the promise holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        let promise = self.share().is_none_or(|share| share <= PROMISE);
        promise && self.rows.iter().all(|row| row.complete)
    }
}

/// Measures, prints a table or JSON, and returns whether every record was found and the promise holds.
///
/// # Errors
///
/// When a variant cannot be measured, or nothing be printed.
pub fn all(quick: bool, json: bool) -> Result<bool, Box<dyn Error>> {
    let effort = if quick { Effort::QUICK } else { Effort::FULL };
    let comparison = measure(effort)?;
    let text = if json {
        table::json(&comparison)?
    } else {
        table::text(&comparison)
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(comparison.holds())
}

fn measure(effort: Effort) -> Result<Comparison, Box<dyn Error>> {
    let programs = Programs::find()?;
    let mut rows: Vec<Row> = effort.variants().into_iter().map(Row::new).collect();
    for round in 1..=effort.rounds {
        emit(&format!("time, round {round} of {}", effort.rounds));
        for row in &mut rows {
            let batches = effort.batches_of(row.variant);
            row.take_time(one(&programs.program, row.variant, batches)?);
        }
    }
    emit("allocations");
    for row in &mut rows {
        let batches = effort.database_batches;
        row.take_allocations(one(&programs.allocations, row.variant, batches)?);
    }
    count_instructions(&programs.program, &mut rows)?;
    Ok(Comparison { effort, rows })
}

fn count_instructions(program: &Path, rows: &mut [Row]) -> Result<(), Box<dyn Error>> {
    if !callgrind::is_available() {
        emit(callgrind::CURE);
        return Ok(());
    }
    emit("instructions");
    for row in rows {
        let arguments = ["one", &row.variant.to_string()];
        let (instructions, report): (_, Report) = callgrind::instructions(program, &arguments)?;
        row.instructions = Some(instructions);
        row.take_counts(report.counts);
    }
    Ok(())
}

/// The two programs, in one folder.
struct Programs {
    program: PathBuf,
    allocations: PathBuf,
}

impl Programs {
    fn find() -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let allocations = program.with_file_name("calls-allocations");
        Ok(Self {
            program,
            allocations,
        })
    }
}

fn one(program: &Path, variant: Variant, batches: u64) -> Result<Report, Box<dyn Error>> {
    let run = Command::new(program)
        .args(["one", &variant.to_string()])
        .args(["--batches", &batches.to_string()])
        .args(["--calls", &CALLS.to_string()])
        .output()?;
    if !run.status.success() {
        let output = String::from_utf8_lossy(&run.stderr);
        return Err(format!("{variant} could not be measured: {output}").into());
    }
    Ok(serde_json::from_slice(&run.stdout)?)
}

/// Prints the progress to standard error; a closed standard error is ignored.
fn emit(what: &str) {
    let _printed = writeln!(io::stderr(), "calls: {what}");
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Each variant with these instructions, and balanced.
    pub(crate) fn comparison(ours: Option<f64>, by_hand: f64) -> Comparison {
        let row = |variant: Variant| {
            let mut row = Row::new(variant);
            let is_by_hand = variant.peer == Peer::ByHand;
            row.instructions = if is_by_hand { Some(by_hand) } else { ours };
            row.costs.ns = 100.0;
            row.costs.cpu_ns = 200.0;
            row
        };
        let effort = Effort::QUICK;
        let rows = effort.variants().into_iter().map(row).collect();
        Comparison { effort, rows }
    }

    #[test]
    fn a_third_is_enough_and_more_is_not() {
        assert!(comparison(Some(3000.0), 9000.0).holds());
        assert!(!comparison(Some(3001.0), 9000.0).holds());
        assert!(comparison(None, 9000.0).holds());
    }

    #[test]
    fn one_incomplete_count_is_enough_to_fail() {
        let mut comparison = comparison(Some(1.0), 9.0);
        let lost = RecordCounts {
            calls: 2,
            expected: 2,
            found: 1,
            ..RecordCounts::default()
        };
        let doubled = RecordCounts { found: 3, ..lost };
        comparison.rows[0].take_counts(lost);
        comparison.rows[0].take_counts(doubled);
        assert!(!comparison.holds());
        assert_eq!(
            (
                comparison.rows[0].counts.found,
                comparison.rows[0].counts.expected
            ),
            (4, 4)
        );
    }

    #[test]
    fn of_all_rounds_the_smallest_figures_stay() {
        let mut row = Row::new(Variant::all()[0]);
        for (ns, cpu_ns) in [(5.0, 7.0), (4.0, 9.0)] {
            let costs = Costs {
                ns,
                cpu_ns,
                ..Costs::default()
            };
            let counts = RecordCounts::default();
            row.take_time(Report { costs, counts });
        }
        assert_eq!((row.costs.ns, row.costs.cpu_ns), (4.0, 7.0));
    }

    #[test]
    fn in_short_the_two_of_the_promise_are_there_in_every_way() {
        let all = Effort::QUICK.variants();
        let ways = |peer| all.iter().filter(|variant| variant.peer == peer).count();
        assert_eq!(
            (
                ways(Peer::ByHand),
                ways(Peer::RagspanFile),
                ways(Peer::Bare)
            ),
            (4, 4, 1)
        );
        assert_eq!(Effort::FULL.variants().len(), Variant::all().len());
    }
}
