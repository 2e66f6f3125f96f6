//! All scenes beside each other: what a call costs by what is around it, and the promise that depth and open spans cost nothing.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::callgrind;
use crate::measure::Task;
use crate::surrounding::{Report, Surrounding};

/// A call may take so many times the instructions in depth, or beside open spans, that it takes without.
pub const PROMISE: f64 = 1.05;

/// How long a scene is timed.
pub const TIME: Task = Task::Time {
    batches: 50,
    calls: 1000,
};

/// The results of one surrounding.
#[derive(Clone, Copy, Debug)]
struct Row {
    surrounding: Surrounding,
    report: Report,
    instructions: Option<f64>,
}

/// Measures, prints a table or JSON, and returns whether every record was found and the promise holds.
///
/// # Errors
///
/// When a scene cannot be measured, or nothing be printed.
pub fn all(quick: bool, json: bool) -> Result<bool, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let counted = callgrind::is_available();
    let mut rows = Vec::new();
    for surrounding in Surrounding::ALL {
        if !quick || surrounding != Surrounding::Open(1_000_000) {
            rows.push(row(&program, surrounding, counted)?);
        }
    }
    let text = if json { as_json(&rows) } else { table(&rows) };
    writeln!(io::stdout(), "{text}")?;
    if !counted {
        writeln!(io::stderr(), "calls: {}", callgrind::CURE)?;
    }
    Ok(holds(&rows))
}

fn row(program: &Path, surrounding: Surrounding, counted: bool) -> Result<Row, Box<dyn Error>> {
    let name = surrounding.to_string();
    let run = Command::new(program)
        .args(["surrounding", &name])
        .output()?;
    if !run.status.success() {
        let output = String::from_utf8_lossy(&run.stderr);
        return Err(format!("{surrounding} could not be measured: {output}").into());
    }
    let report = serde_json::from_slice(&run.stdout)?;
    let instructions = if counted {
        let (instructions, _): (f64, Report) =
            callgrind::instructions(program, &["surrounding", &name])?;
        Some(instructions)
    } else {
        None
    };
    Ok(Row {
        surrounding,
        report,
        instructions,
    })
}

/// Returns the instructions of the most expensive of these surroundings divided by the least expensive; `None` where instructions are not counted. The growth of the reference surrounding is subtracted, since tracing causes it.
fn spread(rows: &[Row], of: impl Fn(Surrounding) -> Option<Surrounding>) -> Option<f64> {
    let count = |surrounding: Surrounding| {
        let row = rows.iter().find(|row| row.surrounding == surrounding);
        row.and_then(|row| row.instructions)
    };
    let pairs: Vec<(f64, f64)> = rows
        .iter()
        .filter_map(|row| {
            Some((
                row.instructions?,
                count(of(row.surrounding)?).unwrap_or(0.0),
            ))
        })
        .collect();
    let (_, others) = *pairs.first()?;
    let own = pairs.iter().map(|(own, other)| own - (other - others));
    let most = own.clone().reduce(f64::max)?;
    Some(most / own.reduce(f64::min)?)
}

/// By what is around the call: the registry of tracing looks through the spans that a thread is in whenever one more is
/// entered, so what a bare span takes more in depth is taken off.
fn spreads(rows: &[Row]) -> [(&'static str, Option<f64>); 2] {
    let depth = spread(rows, |surrounding| match surrounding {
        Surrounding::Depth(depth) => Some(Surrounding::Span(depth)),
        _ => None,
    });
    let open = spread(rows, |surrounding| match surrounding {
        Surrounding::Open(_) => Some(Surrounding::Call),
        _ => None,
    });
    [("depth", depth), ("open spans", open)]
}

fn holds(rows: &[Row]) -> bool {
    let complete = rows.iter().all(|row| row.report.counts.add_up());
    let flat = spreads(rows)
        .iter()
        .all(|(_, spread)| spread.is_none_or(|spread| spread <= PROMISE));
    complete && flat
}

fn table(rows: &[Row]) -> String {
    let alone = rows.first().and_then(|row| row.instructions);
    let mut lines = vec![
        "instr: caller's thread, by callgrind; more: than the call alone; ns: the fastest batch"
            .to_owned(),
        String::new(),
        format!(
            "{:16}{:>9}{:>9}{:>9}  {:14}records",
            "surrounding", "instr", "more", "ns", "bytes a span"
        ),
    ];
    lines.extend(rows.iter().map(|row| line(row, alone)));
    lines.push(String::new());
    lines.extend(spreads(rows).map(|(what, spread)| verdict(what, spread)));
    lines.join("\n")
}

fn line(row: &Row, alone: Option<f64>) -> String {
    let Report {
        costs,
        counts,
        open_bytes,
    } = row.report;
    let whole =
        |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.0}"));
    let more = row.instructions.zip(alone).map(|(own, alone)| own - alone);
    let name = row.surrounding.to_string();
    format!(
        "{name:16}{:>9}{:>9}{:>9.0}  {:14}{} of {}",
        whole(row.instructions),
        whole(more),
        costs.ns,
        whole(open_bytes),
        counts.found,
        counts.expected
    )
}

fn verdict(what: &str, spread: Option<f64>) -> String {
    let Some(spread) = spread else {
        return format!("{what}: instructions were not counted");
    };
    let word = if spread <= PROMISE { "holds" } else { "BROKEN" };
    format!("{what}: {spread:.3} times the least (promised {PROMISE}): {word}")
}

fn as_json(rows: &[Row]) -> String {
    let holds = holds(rows);
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "surrounding": row.surrounding.to_string(),
                "instructions": row.instructions,
                "ns": row.report.costs.ns,
                "bytes_a_span": row.report.open_bytes,
                "balanced": row.report.counts.add_up(),
            })
        })
        .collect();
    json!({ "rows": rows, "holds": holds }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::RecordCounts;
    use crate::measure::Costs;

    fn rows(instructions: [(Surrounding, f64); 3]) -> Vec<Row> {
        let report = Report {
            costs: Costs::default(),
            counts: RecordCounts::default(),
            open_bytes: None,
        };
        let row = |(surrounding, instructions)| Row {
            surrounding,
            report,
            instructions: Some(instructions),
        };
        instructions.map(row).to_vec()
    }

    #[test]
    fn five_in_a_hundred_more_is_enough_and_six_is_not() {
        let call = (Surrounding::Call, 1.0);
        let flat = rows([
            call,
            (Surrounding::Depth(1), 100.0),
            (Surrounding::Depth(64), 105.0),
        ]);
        assert!(holds(&flat), "{}", table(&flat));
        let steep = rows([
            call,
            (Surrounding::Depth(1), 100.0),
            (Surrounding::Depth(64), 106.0),
        ]);
        assert!(!holds(&steep));
        let crowded = rows([
            call,
            (Surrounding::Open(10), 106.0),
            (Surrounding::Open(1_000), 100.0),
        ]);
        assert!(!holds(&crowded) && table(&crowded).contains("BROKEN"));
    }

    #[test]
    fn a_record_that_is_missing_is_enough_to_fail() {
        let mut rows = rows([Surrounding::Call; 3].map(|surrounding| (surrounding, 1.0)));
        rows[1].report.counts.expected = 1;
        assert!(!holds(&rows));
    }
}
