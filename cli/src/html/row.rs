//! A line of the page's waterfall: a span with what is known of it, or many spans behind one line.

use ragspan_store::StoredRecord;

use crate::facts::Outcome;
use crate::format::duration;
use crate::waterfall::fold::Fold;
use crate::waterfall::tree::{Node, Tree};
use crate::waterfall::{note_text, offset_ms};

use super::escape::escape;
use super::{detail, when};

/// Deeper lines are told by a number instead of being moved further to the right.
const DEEPEST: usize = 8;
/// The bars are drawn on so many units.
const UNITS: f64 = 1000.0;
/// A bar is at least so wide that it can be seen.
const THINNEST: f64 = 2.0;

/// What all lines are measured against.
#[derive(Debug)]
pub(super) struct Ruler<'a> {
    pub(super) from: i64,
    to: i64,
    /// The record whose request fields stand at the top of the page.
    pub(super) root: Option<&'a StoredRecord>,
}

impl<'a> Ruler<'a> {
    pub(super) fn of(rows: &'a [StoredRecord], tree: &Tree<'a>) -> Self {
        let (from, to) = tree.range();
        let root = tree.root().map(|root| root.row).or(rows.first());
        Self { from, to, root }
    }

    fn length_ms(&self) -> f64 {
        offset_ms(self.from, self.to)
    }

    /// The titles of the columns, and the times along the bars.
    pub(super) fn ticks(&self) -> String {
        let ticks: String = [0.0, 0.25, 0.5, 0.75]
            .iter()
            .map(|share| format!("<span>{}</span>", duration(self.length_ms() * share)))
            .collect();
        format!(
            "<div class=\"grid\" aria-hidden=\"true\"><span>operation</span><span>layer</span>\
             <span class=\"t\">time</span><span class=\"ticks\">{ticks}</span><span></span></div>\n"
        )
    }

    fn bar(&self, start: i64, end: i64) -> String {
        let share = |time| match self.length_ms() {
            length if length > 0.0 => offset_ms(self.from, time) / length * UNITS,
            _ => 0.0,
        };
        let x = share(start).clamp(0.0, UNITS - THINNEST);
        let width = (share(end) - x).clamp(THINNEST, UNITS - x);
        format!(
            "<svg viewBox=\"0 0 1000 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect x=\"{x:.1}\" width=\"{width:.1}\" height=\"8\"/></svg>"
        )
    }

    /// Where a span stands in the whole, in words.
    fn words(&self, node: &Node<'_>) -> String {
        let (start, end) = when(node, self.from);
        let share = match self.length_ms() {
            length if length > 0.0 => offset_ms(node.start_us, node.end_us) / length * 100.0,
            _ => 0.0,
        };
        format!("from {start} to {end}, {share:.0} %")
    }
}

/// The class that gives the colour.
pub(super) const fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "good",
        Outcome::Slow | Outcome::Empty | Outcome::Unfinished => "odd",
        Outcome::Cancelled => "dim",
        Outcome::Failed | Outcome::Panicked => "bad",
    }
}

/// What went well is not worth a colour on its line.
const fn row_class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "ok",
        other => class(other),
    }
}

fn begin(out: &mut String, class: &str, depth: usize) {
    let indent = depth.min(DEEPEST);
    out.push_str(&format!(
        "<li class=\"row d{indent} {class}\" data-d=\"{depth}\"><details><summary>"
    ));
}

/// The five parts of a line.
fn parts(out: &mut String, depth: usize, name: &str, layer: &str, time: &str, bar: &str) {
    let deep = if depth > DEEPEST {
        format!("<span class=\"dim\">⋯{depth} </span>")
    } else {
        String::new()
    };
    out.push_str(&format!(
        "<span class=\"n\">{deep}{}</span><span class=\"l\">{}</span><span class=\"t\">{time}</span>{bar}",
        escape(name),
        escape(layer)
    ));
}

pub(super) fn push_span(out: &mut String, node: &Node<'_>, depth: usize, ruler: &Ruler<'_>) {
    begin(out, row_class(node.facts.outcome), depth);
    let time = node
        .row
        .duration_ms
        .map_or_else(|| "–".to_owned(), duration);
    let bar = ruler.bar(node.start_us, node.end_us);
    parts(
        out,
        depth,
        &node.facts.operation,
        &node.facts.layer,
        &time,
        &bar,
    );
    out.push_str(&format!(
        "<span class=\"x\">{}</span><span class=\"w\">{}</span></summary>\n",
        escape(&note_text(node)),
        ruler.words(node)
    ));
    detail::push(out, node, ruler);
    out.push_str("</details></li>\n");
}

pub(super) fn push_fold(
    out: &mut String,
    fold: &Fold,
    depth: usize,
    tree: &Tree<'_>,
    ruler: &Ruler<'_>,
) {
    let class = if fold.failed(tree) > 0 {
        "fold bad"
    } else {
        "fold"
    };
    begin(out, class, depth);
    let (start, end) = fold.range(tree);
    let time = fold.duration(tree).map(duration).unwrap_or_default();
    parts(
        out,
        depth,
        fold.name(tree).trim_start_matches("▸ "),
        &fold.layer(tree),
        &time,
        &ruler.bar(start, end),
    );
    let notes: Vec<_> = fold.notes(tree).into_iter().map(|(_, text)| text).collect();
    out.push_str(&format!(
        "<span class=\"x\">{}</span><span class=\"w\">show them</span></summary>\n<ol>\n",
        escape(&notes.join(" · "))
    ));
    let shallowest = fold
        .spans
        .iter()
        .map(|place| tree.nodes[*place].depth)
        .min()
        .unwrap_or(0);
    for node in fold.spans.iter().map(|place| &tree.nodes[*place]) {
        push_span(out, node, depth + node.depth - shallowest, ruler);
    }
    out.push_str("</ol></details></li>\n");
}
