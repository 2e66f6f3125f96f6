//! All scenes beside each other: what a call costs by what is around it, and the promise that depth and open spans cost nothing.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::callgrind;
use crate::measure::Task;
use crate::scene::{Report, Scene};

/// A call may take so many times the instructions in depth, or beside open spans, that it takes without.
pub const PROMISE: f64 = 1.05;

/// How long a scene is timed.
pub const TIME: Task = Task::Time {
    batches: 50,
    calls: 1000,
};

/// What was found of one scene.
#[derive(Clone, Copy, Debug)]
struct Row {
    scene: Scene,
    report: Report,
    instructions: Option<f64>,
}

/// Measures, and prints a table or JSON; tells whether the books balance and the promise holds.
///
/// # Errors
///
/// When a scene cannot be measured, or nothing be printed.
pub fn all(quick: bool, json: bool) -> Result<bool, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let counted = callgrind::is_there();
    let mut rows = Vec::new();
    for scene in Scene::ALL {
        if !quick || scene != Scene::Open(1_000_000) {
            rows.push(row(&program, scene, counted)?);
        }
    }
    let text = if json { as_json(&rows) } else { table(&rows) };
    writeln!(io::stdout(), "{text}")?;
    if !counted {
        writeln!(io::stderr(), "ruler: {}", callgrind::CURE)?;
    }
    Ok(holds(&rows))
}

fn row(program: &Path, scene: Scene, counted: bool) -> Result<Row, Box<dyn Error>> {
    let name = scene.to_string();
    let run = Command::new(program).args(["scene", &name]).output()?;
    if !run.status.success() {
        let said = String::from_utf8_lossy(&run.stderr);
        return Err(format!("{scene} could not be measured: {said}").into());
    }
    let report = serde_json::from_slice(&run.stdout)?;
    let instructions = if counted {
        let (instructions, _): (f64, Report) = callgrind::instructions(program, &["scene", &name])?;
        Some(instructions)
    } else {
        None
    };
    Ok(Row {
        scene,
        report,
        instructions,
    })
}

/// What a call takes at most in one of these scenes, as a multiple of the least; `None` where instructions are not counted.
/// What the scene that is named beside it takes more than in the first of them is not ours.
fn spread(rows: &[Row], of: impl Fn(Scene) -> Option<Scene>) -> Option<f64> {
    let count = |scene: Scene| {
        let row = rows.iter().find(|row| row.scene == scene);
        row.and_then(|row| row.instructions)
    };
    let pairs: Vec<(f64, f64)> = rows
        .iter()
        .filter_map(|row| Some((row.instructions?, count(of(row.scene)?).unwrap_or(0.0))))
        .collect();
    let (_, others) = *pairs.first()?;
    let own = pairs.iter().map(|(own, other)| own - (other - others));
    let most = own.clone().reduce(f64::max)?;
    Some(most / own.reduce(f64::min)?)
}

/// By what is around the call: the registry of tracing looks through the spans that a thread is in whenever one more is
/// entered, so what a bare span takes more in depth is taken off.
fn spreads(rows: &[Row]) -> [(&'static str, Option<f64>); 2] {
    let depth = spread(rows, |scene| match scene {
        Scene::Depth(depth) => Some(Scene::Span(depth)),
        _ => None,
    });
    let open = spread(rows, |scene| match scene {
        Scene::Open(_) => Some(Scene::Call),
        _ => None,
    });
    [("depth", depth), ("open spans", open)]
}

fn holds(rows: &[Row]) -> bool {
    let balanced = rows.iter().all(|row| row.report.books.balance());
    let flat = spreads(rows)
        .iter()
        .all(|(_, spread)| spread.is_none_or(|spread| spread <= PROMISE));
    balanced && flat
}

fn table(rows: &[Row]) -> String {
    let alone = rows.first().and_then(|row| row.instructions);
    let mut lines = vec![
        "instr: caller's thread, by callgrind; more: than the call alone; ns: the fastest batch"
            .to_owned(),
        String::new(),
        format!(
            "{:16}{:>9}{:>9}{:>9}  {:14}books",
            "scene", "instr", "more", "ns", "bytes a span"
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
        books,
        open_bytes,
    } = row.report;
    let whole =
        |figure: Option<f64>| figure.map_or("-".to_owned(), |figure| format!("{figure:.0}"));
    let more = row.instructions.zip(alone).map(|(own, alone)| own - alone);
    let name = row.scene.to_string();
    format!(
        "{name:16}{:>9}{:>9}{:>9.0}  {:14}{} of {}",
        whole(row.instructions),
        whole(more),
        costs.ns,
        whole(open_bytes),
        books.found,
        books.expected
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
                "scene": row.scene.to_string(),
                "instructions": row.instructions,
                "ns": row.report.costs.ns,
                "bytes_a_span": row.report.open_bytes,
                "balanced": row.report.books.balance(),
            })
        })
        .collect();
    json!({ "rows": rows, "holds": holds }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Costs;
    use crate::stage::Books;

    fn rows(instructions: [(Scene, f64); 3]) -> Vec<Row> {
        let report = Report {
            costs: Costs::default(),
            books: Books::default(),
            open_bytes: None,
        };
        let row = |(scene, instructions)| Row {
            scene,
            report,
            instructions: Some(instructions),
        };
        instructions.map(row).to_vec()
    }

    #[test]
    fn five_in_a_hundred_more_is_enough_and_six_is_not() {
        let call = (Scene::Call, 1.0);
        let flat = rows([call, (Scene::Depth(1), 100.0), (Scene::Depth(64), 105.0)]);
        assert!(holds(&flat), "{}", table(&flat));
        let steep = rows([call, (Scene::Depth(1), 100.0), (Scene::Depth(64), 106.0)]);
        assert!(!holds(&steep));
        let crowded = rows([call, (Scene::Open(10), 106.0), (Scene::Open(1_000), 100.0)]);
        assert!(!holds(&crowded) && table(&crowded).contains("BROKEN"));
    }

    #[test]
    fn a_record_that_is_missing_is_enough_to_fail() {
        let mut rows = rows([Scene::Call; 3].map(|scene| (scene, 1.0)));
        rows[1].report.books.expected = 1;
        assert!(!holds(&rows));
    }
}
