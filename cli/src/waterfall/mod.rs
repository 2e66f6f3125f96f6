//! Draws a trace: a line for each span, with its place in the tree, a bar to scale, and what went
//! wrong where it went wrong.

mod bar;
mod branch;
pub(crate) mod fold;
mod layout;
mod line;
mod note;
pub(crate) mod outline;
mod path;
mod pick;
pub(crate) mod tree;

use ragspan_store::{StoredRecord, short_id};

use crate::facts::Outcome;
use crate::format::{duration, number};
use crate::style::{Style, Tone};
use crate::text::{safe, wrap};

use fold::Fold;
use layout::Layout;
use line::Line;
use outline::{Row, What};
use tree::{Node, Tree};

const INDENT: &str = "  ";
const ORPHAN: &str = "⋯ ";
/// In a folded trace a span shows so many of its events.
const EVENTS: usize = 5;

/// How much of a trace is shown; by default as much as a screen or two hold: the failures, the
/// critical path, and what else fits, with repetitions folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct View {
    /// Each event under its span.
    pub events: bool,
    /// Every span, however many there are.
    pub all: bool,
    /// Nothing deeper than so many levels, and all that does not repeat above.
    pub depth: Option<usize>,
    /// Only the ways to so many spans: those that took the most time themselves.
    pub slowest: Option<usize>,
}

/// The trace of these records, without its events; empty where there are no records.
#[must_use]
pub fn render(rows: &[StoredRecord], style: &Style) -> String {
    render_as(rows, &View::default(), style)
}

/// The trace of these records, as much of it as `view` asks for; empty where there are no records.
#[must_use]
pub fn render_as(rows: &[StoredRecord], view: &View, style: &Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let tree = Tree::of(rows);
    let lines = outline::rows(&tree, view, style.width);
    let layout = Layout::of(&tree, &lines, style.width);
    let range = tree.range();
    let mut out = header(rows, &tree, style);
    for row in &lines {
        match &row.what {
            What::Span(place) => {
                let node = &tree.nodes[*place];
                out.push_str(&span_line(node, row, range, &layout, style));
                if view.events {
                    out.push_str(&event_lines(
                        node,
                        row,
                        view.all || lines.len() == tree.nodes.len(),
                        style,
                    ));
                }
            }
            What::Fold(fold) => out.push_str(&fold_line(fold, row, &tree, &layout, style)),
        }
    }
    if view.events {
        tree.loose_events
            .iter()
            .for_each(|event| out.push_str(&loose_line(event, style)));
    }
    out.push_str(&footer(&tree, style));
    out.push_str(&folded(&lines, &tree, style));
    out
}

fn header(rows: &[StoredRecord], tree: &Tree<'_>, style: &Style) -> String {
    let id = rows.iter().find_map(|row| row.trace_id.as_deref());
    let id = id.map_or_else(|| "no trace id".to_owned(), |id| safe(&short_id(id)));
    let mut line = Line::new(style);
    line.push(Tone::Strong, &id).push(Tone::Plain, "  ");
    match tree.root() {
        Some(root) => {
            line.push(Tone::Strong, &root.facts.operation)
                .push(Tone::Plain, "  ");
            line.push(root.facts.outcome.tone(), &ending(root));
        }
        None => _ = line.push(Tone::Plain, &format!("{} records, no span", rows.len())),
    }
    with_requester(line, &requester(rows, tree), style)
}

/// How the request ended, how long it took, and what it cost.
pub(crate) fn ending(root: &Node<'_>) -> String {
    let mark = root.facts.outcome.mark();
    let word = match root.facts.outcome {
        Outcome::Success => "",
        Outcome::Slow => "slow, ",
        Outcome::Empty => "empty after ",
        Outcome::Cancelled => "cancelled after ",
        Outcome::Failed => "failed after ",
        Outcome::Panicked => "panicked after ",
        Outcome::Unfinished => return format!("{mark} no end recorded"),
    };
    let took = duration(root.row.duration_ms.unwrap_or(0.0));
    let cost = root.facts.cost().map(|cost| format!(" · {cost}"));
    format!("{mark} {word}{took}{}", cost.unwrap_or_default())
}

/// On the same line where there is room, else on its own.
fn with_requester(mut line: Line<'_>, who: &str, style: &Style) -> String {
    const GAP: &str = "   ";
    if who.is_empty() {
        return line.end();
    }
    if line.has_room_for(GAP) && line.has_room_for(&format!("{GAP}{who}")) {
        line.push(Tone::Plain, GAP).push(Tone::Dim, who);
        return line.end();
    }
    let mut out = line.end();
    out.push_str(&paragraph(who, Tone::Dim, style));
    out
}

/// Who asked: from the root, else from any record that knows.
pub(crate) fn requester(rows: &[StoredRecord], tree: &Tree<'_>) -> String {
    let known = |field: fn(&StoredRecord) -> Option<&str>| {
        let root = tree.root().and_then(|root| field(root.row));
        root.or_else(|| rows.iter().find_map(field)).map(safe)
    };
    let user = known(|row| row.user_id.as_deref()).map(|user| format!("user {user}"));
    let tenant = known(|row| row.tenant_id.as_deref()).map(|tenant| format!("tenant {tenant}"));
    let request = known(|row| row.request_id.as_deref());
    [user, tenant, request]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

fn span_line(
    node: &Node<'_>,
    row: &Row,
    range: (i64, i64),
    layout: &Layout,
    style: &Style,
) -> String {
    let outcome = node.facts.outcome;
    let bar_tone = if outcome == Outcome::Success {
        Tone::Plain
    } else {
        outcome.tone()
    };
    let bar = bar::bar(node.start_us, node.end_us, range, layout.bar);
    let mut line = Line::new(style);
    line.push(Tone::Plain, INDENT)
        .left(Tone::Plain, &name(node, row), layout.name)
        .left(Tone::Dim, &node.facts.layer, layout.layer)
        .right(Tone::Plain, &time(node), layout.time)
        .left(bar_tone, &bar, layout.bar);
    note::push(&mut line, node);
    line.end()
}

fn name(node: &Node<'_>, row: &Row) -> String {
    let mark = if node.orphan { ORPHAN } else { "" };
    format!("{}{mark}{}", row.branches, node.facts.operation)
}

/// The bar gives way where what is folded needs the room: how many failed must be read.
fn fold_line(fold: &Fold, row: &Row, tree: &Tree<'_>, layout: &Layout, style: &Style) -> String {
    let mut line = Line::new(style);
    line.push(Tone::Plain, INDENT)
        .left(Tone::Dim, &fold_name(fold, tree, row), layout.name)
        .left(Tone::Dim, &fold.layer(tree), layout.layer)
        .right(Tone::Plain, &fold_time(fold, tree), layout.time);
    let (start, end) = fold.range(tree);
    let bar = bar::bar(start, end, tree.range(), layout.bar).replace(|c| c != ' ', "░");
    if layout.bar + line::GAP + fold.note_width(tree) <= line.room() {
        line.left(Tone::Dim, &bar, layout.bar);
    }
    fold.push_notes(tree, &mut line);
    line.end()
}

fn fold_name(fold: &Fold, tree: &Tree<'_>, row: &Row) -> String {
    format!("{}{}", row.branches, fold.name(tree))
}

fn fold_time(fold: &Fold, tree: &Tree<'_>) -> String {
    fold.duration(tree).map(duration).unwrap_or_default()
}

/// What the fold lines hide, added up.
fn folded(lines: &[Row], tree: &Tree<'_>, style: &Style) -> String {
    let folds = || {
        lines.iter().filter_map(|row| match &row.what {
            What::Fold(fold) => Some(fold),
            What::Span(_) => None,
        })
    };
    let hidden: usize = folds().map(|fold| fold.spans.len()).sum();
    if hidden == 0 {
        return String::new();
    }
    let failed: usize = folds().map(|fold| fold.failed(tree)).sum();
    let among = if failed > 0 {
        format!(" ({} failed)", count(failed))
    } else {
        String::new()
    };
    let text = format!(
        "{} of {} spans shown, {} folded{among}: --all shows every span, --depth N and --slowest N choose",
        count(tree.nodes.len() - hidden),
        count(tree.nodes.len()),
        count(hidden),
    );
    paragraph(&text, Tone::Dim, style)
}

#[expect(clippy::cast_precision_loss, reason = "no trace has so many spans")]
pub(crate) fn count(count: usize) -> String {
    number(count as f64)
}

fn time(node: &Node<'_>) -> String {
    node.row
        .duration_ms
        .map_or_else(|| "–".to_owned(), duration)
}

fn event_lines(node: &Node<'_>, row: &Row, all: bool, style: &Style) -> String {
    let most = if all { usize::MAX } else { EVENTS };
    let shown = node.events.iter().take(most);
    let mut out: String = shown
        .map(|event| event_line(event, node, row, style))
        .collect();
    let left = node.events.len().saturating_sub(most);
    if left > 0 {
        let inset = " ".repeat(row.branches.chars().count());
        let mut line = Line::new(style);
        line.push(
            Tone::Dim,
            &format!("{INDENT}{inset}  · {} more events", count(left)),
        );
        out.push_str(&line.end());
    }
    out
}

fn event_line(event: &StoredRecord, node: &Node<'_>, row: &Row, style: &Style) -> String {
    let after = offset_ms(node.start_us, event.timestamp_us);
    let inset = " ".repeat(row.branches.chars().count());
    let text = format!("{inset}  · +{} ", duration(after));
    event_text(&text, event, style)
}

fn loose_line(event: &StoredRecord, style: &Style) -> String {
    event_text(&format!("· {} ", safe(&event.timestamp)), event, style)
}

fn event_text(lead: &str, event: &StoredRecord, style: &Style) -> String {
    let tone = match event.level.as_str() {
        "ERROR" | "CRITICAL" => Tone::Bad,
        "WARNING" => Tone::Odd,
        _ => Tone::Dim,
    };
    let mut line = Line::new(style);
    line.push(Tone::Plain, INDENT)
        .push(Tone::Dim, lead)
        .push(tone, &safe(&event.level));
    line.push(Tone::Dim, &format!(" {}: ", safe(&event.logger)));
    line.push(Tone::Plain, &safe(&event.message));
    line.end()
}

#[expect(clippy::cast_precision_loss, reason = "shown to three digits")]
pub(crate) fn offset_ms(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / 1000.0
}

/// Where it broke, why, and what the marks mean.
fn footer(tree: &Tree<'_>, style: &Style) -> String {
    let mut out: String = reasons(tree)
        .iter()
        .map(|(tone, text)| paragraph(text, *tone, style))
        .collect();
    if tree.nodes.iter().any(|node| node.orphan) {
        let text = "⋯ its parent is not recorded here: another service's, or not ended yet";
        out.push_str(&paragraph(text, Tone::Dim, style));
    }
    out
}

/// Where it broke, and why.
pub(crate) fn reasons(tree: &Tree<'_>) -> Vec<(Tone, String)> {
    let Some(birth) = tree.birth() else {
        return Vec::new();
    };
    let born = (Tone::Bad, note::born(birth, tree.root()));
    let causes = note::causes(birth).map(|cause| (Tone::Plain, cause));
    let empty = tree.empty_behind(birth).map(|empty| {
        let text = format!("behind it, {} came back empty", empty.facts.operation);
        (Tone::Odd, text)
    });
    [born].into_iter().chain(causes).chain(empty).collect()
}

/// What stands beside the bar of a span.
pub(crate) fn note_text(node: &Node<'_>) -> String {
    note::text(node)
}

fn paragraph(text: &str, tone: Tone, style: &Style) -> String {
    let room = style.width.saturating_sub(INDENT.len()).max(2);
    let line = |line: String| format!("{INDENT}{}\n", style.paint(tone, &line));
    wrap(text, room).into_iter().map(line).collect()
}

#[cfg(test)]
mod tests;
