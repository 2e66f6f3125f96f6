//! A comparison as a table for people and as JSON for programs.

use serde::Serialize;

use crate::backend::RecordCounts;
use crate::callgrind::CURE;
use crate::compare::{CALLS, Comparison, Effort, PROMISE, Row};
use crate::measure::{LONG, MARKED_BATCHES, SHORT};
use crate::variant::Path;

const NOTHING: &str = "-";

/// A figure, and its share of the one by hand.
type Share = Option<f64>;

/// The table, path by path, and the verdict under it.
#[must_use]
pub fn text(comparison: &Comparison) -> String {
    let mut lines = vec![head(comparison.effort), String::new(), titles()];
    for path in Path::ALL {
        let rows = comparison
            .rows
            .iter()
            .filter(|row| row.variant.path == path);
        lines.push(path.to_string());
        lines.extend(rows.map(|row| line(row, comparison.by_hand(row))));
    }
    lines.push(String::new());
    lines.push(verdict(comparison));
    lines.join("\n")
}

fn head(effort: Effort) -> String {
    let Effort {
        rounds,
        batches,
        database_batches,
        ..
    } = effort;
    let marked = MARKED_BATCHES * (LONG - SHORT);
    [
        format!(
            "ns: caller's thread, the fastest batch of {CALLS} calls in {rounds} rounds of {batches} batches \
             (SQLite: of {database_batches})"
        ),
        format!(
            "instr: caller's thread, by callgrind: ({MARKED_BATCHES} batches of {LONG} calls less {MARKED_BATCHES} of \
             {SHORT}) / {marked}"
        ),
        "allocs, bytes: caller's thread; cpu: all threads, until everything is delivered".to_owned(),
        "share: of by-hand, called the same way; records: found of expected".to_owned(),
    ]
    .join("\n")
}

fn titles() -> String {
    let (share, name) = ("share", "variant");
    format!(
        "{name:26}{:>9}{share:>8}{:>9}{share:>8}{:>8}{:>8}{:>9}{share:>8}  records",
        "ns", "instr", "allocs", "bytes", "cpu ns"
    )
}

fn line(row: &Row, by_hand: Option<&Row>) -> String {
    let name = row.variant.peer.name();
    if !row.complete {
        return format!("  {name:24}   void: {}", detail(row.counts));
    }
    let Shares { ns, instr, cpu } = Shares::of(row, by_hand);
    let costs = row.costs;
    format!(
        "  {name:24}{:>9}{:>8}{:>9}{:>8}{:>8}{:>8}{:>9}{:>8}  {}",
        one_decimal(Some(costs.ns)),
        share(ns),
        whole(row.instructions),
        share(instr),
        one_decimal(costs.allocations),
        whole(costs.bytes),
        one_decimal(Some(costs.cpu_ns)),
        share(cpu),
        found(row.counts),
    )
}

fn found(counts: RecordCounts) -> String {
    match counts.expected {
        0 => counts.counted.map_or(NOTHING.to_owned(), |counted| {
            format!("0 of 0, {counted} counted")
        }),
        expected => format!("{} of {expected}", counts.found),
    }
}

fn detail(counts: RecordCounts) -> String {
    let RecordCounts {
        calls,
        expected,
        found,
        dropped,
        counted,
    } = counts;
    let counted = counted.map_or(String::new(), |counted| {
        format!(", {counted} of {calls} calls counted")
    });
    format!("{found} of {expected} records found, {dropped} dropped{counted}")
}

fn verdict(comparison: &Comparison) -> String {
    let lost = comparison.rows.iter().filter(|row| !row.complete).count();
    let counts = match lost {
        0 => "every variant has all its records".to_owned(),
        _ => format!("FAILED: {lost} variants miss records"),
    };
    let Some(share) = comparison.share() else {
        return format!("{counts}; {CURE}");
    };
    let word = if share <= PROMISE { "holds" } else { "FAILED" };
    format!(
        "{counts}; an annotated call takes {share:.3} of the instructions by hand, at most {PROMISE:.3} promised: {word}"
    )
}

struct Shares {
    ns: Share,
    instr: Share,
    cpu: Share,
}

impl Shares {
    fn of(row: &Row, by_hand: Option<&Row>) -> Self {
        let trusted = by_hand.filter(|by_hand| row.complete && by_hand.complete);
        let instr = trusted.and_then(|by_hand| Some(row.instructions? / by_hand.instructions?));
        Self {
            ns: trusted.map(|by_hand| row.costs.ns / by_hand.costs.ns),
            instr,
            cpu: trusted.map(|by_hand| row.costs.cpu_ns / by_hand.costs.cpu_ns),
        }
    }
}

fn share(value: Share) -> String {
    value.map_or(NOTHING.to_owned(), |value| format!("{value:.3}"))
}

fn one_decimal(value: Option<f64>) -> String {
    value.map_or(NOTHING.to_owned(), |value| format!("{value:.1}"))
}

fn whole(value: Option<f64>) -> String {
    value.map_or(NOTHING.to_owned(), |value| format!("{value:.0}"))
}

#[derive(Serialize)]
struct Document {
    effort: Effort,
    calls_per_batch: u64,
    variants: Vec<JsonRow>,
    instructions_share: Share,
    instructions_share_promised: f64,
    holds: bool,
}

#[derive(Serialize)]
struct JsonRow {
    variant: String,
    ns: f64,
    ns_share: Share,
    instructions: Option<f64>,
    instructions_share: Share,
    allocations: Option<f64>,
    bytes: Option<f64>,
    cpu_ns: f64,
    cpu_share: Share,
    counts: RecordCounts,
    void: bool,
}

/// The same as JSON.
///
/// # Errors
///
/// When a figure is none that JSON can hold.
pub fn json(comparison: &Comparison) -> serde_json::Result<String> {
    let entries = comparison
        .rows
        .iter()
        .map(|row| json_row(row, comparison.by_hand(row)));
    serde_json::to_string_pretty(&Document {
        effort: comparison.effort,
        calls_per_batch: CALLS,
        variants: entries.collect(),
        instructions_share: comparison.share(),
        instructions_share_promised: PROMISE,
        holds: comparison.holds(),
    })
}

fn json_row(row: &Row, by_hand: Option<&Row>) -> JsonRow {
    let shares = Shares::of(row, by_hand);
    JsonRow {
        variant: row.variant.to_string(),
        ns: row.costs.ns,
        ns_share: shares.ns,
        instructions: row.instructions,
        instructions_share: shares.instr,
        allocations: row.costs.allocations,
        bytes: row.costs.bytes,
        cpu_ns: row.costs.cpu_ns,
        cpu_share: shares.cpu,
        counts: row.counts,
        void: !row.complete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::comparison;

    #[test]
    fn the_table_shows_shares_and_the_verdict() {
        let text = text(&comparison(Some(3000.0), 10_000.0));
        let ours = text.lines().find(|line| line.contains("ragspan-file"));
        let cells: Vec<_> = ours.unwrap().split_whitespace().collect();
        assert_eq!(
            cells[..5],
            ["ragspan-file", "100.0", "1.000", "3000", "0.300"]
        );
        assert!(
            text.ends_with(
                "takes 0.300 of the instructions by hand, at most 0.333 promised: holds"
            )
        );
    }

    #[test]
    fn a_broken_promise_is_reported_as_failed() {
        assert!(text(&comparison(Some(4000.0), 10_000.0)).ends_with("promised: FAILED"));
    }

    #[test]
    fn without_instructions_the_cure_is_named() {
        let text = text(&comparison(None, 1.0));
        assert!(text.ends_with("apt-get install valgrind)"), "{text}");
    }

    #[test]
    fn a_figure_with_missing_records_is_void_and_shows_the_numbers() {
        let mut comparison = comparison(Some(1.0), 9.0);
        comparison.rows[0].complete = false;
        comparison.rows[0].counts = RecordCounts {
            calls: 10,
            expected: 10,
            found: 9,
            dropped: 1,
            counted: Some(10),
        };
        let text = text(&comparison);
        assert!(text.contains("void: 9 of 10 records found, 1 dropped, 10 of 10 calls counted"));
        assert!(text.contains("FAILED: 1 variants miss"));
        assert!(json(&comparison).unwrap().contains("\"void\": true"));
    }
}
