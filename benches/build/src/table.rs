//! A comparison as a table for people.

use crate::compare::{Comparison, PROMISE, Row, Share};
use crate::cost::Cost;

/// The table, and the verdict under it.
pub(crate) fn text(comparison: &Comparison) -> String {
    let Comparison {
        functions,
        rounds,
        share,
        rows,
        ..
    } = comparison;
    let mut lines = vec![
        format!("{functions} functions, half of them async; this crate alone, not incremental; best of {rounds}"),
        "cpu, wall: seconds; share: of instrument's cpu; each: ms of cpu more than nothing, for each function".to_owned(),
        String::new(),
        format!("{:12}{:^28}{:^32}", "", "check", "release"),
        format!("{:12}{1}{1}{2:>12}", "", titles(), "program"),
    ];
    let [nothing, instrument, _] = &rows[..] else {
        return String::new();
    };
    lines.extend(
        rows.iter()
            .map(|row| line(row, nothing, instrument, *functions)),
    );
    lines.push(String::new());
    lines.push(verdict(*share));
    lines.join("\n")
}

fn titles() -> String {
    format!("{:>7}{:>7}{:>7}{:>7}  ", "cpu", "wall", "share", "each")
}

fn line(row: &Row, nothing: &Row, instrument: &Row, functions: usize) -> String {
    let share = row.share_of(instrument);
    format!(
        "{:12}{}{}{:>9.2} MB",
        row.variant.name(),
        cells(row.check, share.check, nothing.check, functions),
        cells(row.release, share.release, nothing.release, functions),
        megabytes(row.bytes),
    )
}

fn cells(cost: Cost, share: f64, nothing: Cost, functions: usize) -> String {
    let functions = u32::try_from(functions).map_or(f64::NAN, f64::from);
    let each = (cost.cpu - nothing.cpu) * 1000.0 / functions;
    format!(
        "{:>7.2}{:>7.2}{share:>7.2}{each:>7.1}  ",
        cost.cpu, cost.wall
    )
}

fn megabytes(bytes: u64) -> f64 {
    u32::try_from(bytes / 1024).map_or(f64::NAN, f64::from) / 1024.0
}

fn verdict(share: Share) -> String {
    let checked = |what: f64| if what <= PROMISE { "holds" } else { "BROKEN" };
    format!(
        "promise: rag_span takes at most {PROMISE} of the cpu of instrument: check {:.2} {}, release {:.2} {}",
        share.check,
        checked(share.check),
        share.release,
        checked(share.release)
    )
}
