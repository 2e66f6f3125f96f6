//! What one line says of many spans that are folded away.

use crate::format::duration;
use crate::style::Tone;
use crate::text::columns;

use super::count;
use super::line::Line;
use super::tree::{Node, Tree};

/// Between two notes.
const GAP: &str = "  ";

/// Spans that share a line.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) kind: Kind,
    /// Those that nothing else of the fold hangs above.
    pub(crate) heads: Vec<usize>,
    /// All of them, the heads among them.
    pub(crate) spans: Vec<usize>,
}

/// What they have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Siblings of one operation, with all that hangs under them.
    Alike,
    /// Siblings of so many operations, with all that hangs under them.
    Others(usize),
    /// They lead down to spans that are shown.
    Levels,
}

impl Fold {
    pub(super) fn take(&mut self, other: Self) {
        self.heads.extend(other.heads);
        self.spans.extend(other.spans);
    }

    fn nodes<'t, 'a>(&self, tree: &'t Tree<'a>) -> impl Iterator<Item = &'t Node<'a>> {
        self.spans.iter().map(|place| &tree.nodes[*place])
    }

    fn first<'t, 'a>(&self, tree: &'t Tree<'a>) -> Option<&'t Node<'a>> {
        tree.nodes.get(*self.heads.first()?)
    }

    pub(crate) fn name(&self, tree: &Tree<'_>) -> String {
        let heads = count(self.heads.len());
        let operation = self
            .first(tree)
            .map_or("", |node| node.facts.operation.as_str());
        match self.kind {
            Kind::Alike if self.heads.len() == 1 => format!("▸ {operation}"),
            Kind::Alike => format!("× {heads} {operation}"),
            Kind::Others(_) => format!("× {heads} others"),
            Kind::Levels => format!("⋯ {} levels", count(self.levels(tree))),
        }
    }

    pub(crate) fn layer(&self, tree: &Tree<'_>) -> String {
        match self.kind {
            Kind::Alike => self
                .first(tree)
                .map(|node| node.facts.layer.clone())
                .unwrap_or_default(),
            Kind::Others(_) | Kind::Levels => String::new(),
        }
    }

    fn levels(&self, tree: &Tree<'_>) -> usize {
        let depths = || self.nodes(tree).map(|node| node.depth);
        match (depths().min(), depths().max()) {
            (Some(first), Some(last)) => last - first + 1,
            _ => 0,
        }
    }

    pub(crate) fn failed(&self, tree: &Tree<'_>) -> usize {
        self.nodes(tree)
            .filter(|node| node.facts.outcome.is_failure())
            .count()
    }

    /// From the first start to the last end.
    pub(crate) fn range(&self, tree: &Tree<'_>) -> (i64, i64) {
        let start = self.nodes(tree).map(|node| node.start_us).min();
        let end = self.nodes(tree).map(|node| node.end_us).max();
        (start.unwrap_or(0), end.unwrap_or(0))
    }

    /// What is known of them, the weightiest first.
    pub(crate) fn notes(&self, tree: &Tree<'_>) -> Vec<(Tone, String)> {
        let failed = self.failed(tree);
        let failed = (failed > 0).then(|| (Tone::Bad, format!("✗ {} failed", count(failed))));
        let times = self.times(tree).into_iter().map(|text| (Tone::Dim, text));
        let below = self.spans.len() - self.heads.len();
        let rest = match self.kind {
            Kind::Alike => (below > 0).then(|| format!("{} below", count(below))),
            Kind::Others(kinds) => Some(format!("{} operations", count(kinds))),
            Kind::Levels => Some(format!("{} spans", count(self.spans.len()))),
        };
        failed
            .into_iter()
            .chain(times)
            .chain(rest.map(|text| (Tone::Dim, text)))
            .collect()
    }

    /// How long it took, where one span hides the others.
    pub(crate) fn duration(&self, tree: &Tree<'_>) -> Option<f64> {
        match (self.kind, self.heads.as_slice()) {
            (Kind::Alike, [one]) => tree.nodes[*one].row.duration_ms,
            _ => None,
        }
    }

    fn times(&self, tree: &Tree<'_>) -> Vec<String> {
        let mut ms: Vec<_> = self
            .heads
            .iter()
            .filter_map(|place| tree.nodes[*place].row.duration_ms)
            .collect();
        ms.sort_by(f64::total_cmp);
        let Some(longest) = ms.last() else {
            return Vec::new();
        };
        match ms.get((ms.len() - 1) / 2) {
            Some(middle) if self.kind != Kind::Levels && ms.len() > 1 => {
                vec![
                    format!("p50 {}", duration(*middle)),
                    format!("max {}", duration(*longest)),
                ]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn note_width(&self, tree: &Tree<'_>) -> usize {
        let notes = self.notes(tree);
        let words: usize = notes.iter().map(|(_, text)| columns(text)).sum();
        words + GAP.len() * notes.len().saturating_sub(1)
    }

    /// Adds the notes that fit whole; the first is cut if it must be.
    pub(super) fn push_notes(&self, tree: &Tree<'_>, line: &mut Line<'_>) {
        let mut lead = "";
        for (tone, text) in self.notes(tree) {
            let text = format!("{lead}{text}");
            if lead.is_empty() || line.has_room_for(&text) {
                line.push(tone, &text);
            }
            lead = GAP;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::span;

    fn notes(kind: Kind, heads: Vec<usize>) -> Vec<String> {
        let part =
            |id, parent, end, ms| span((id, parent), ("data", "load", end), (0, ms), &json!({}));
        let rows = [
            part(1, 0, "complete", 9_000),
            part(2, 1, "failed", 3_000),
            part(3, 2, "panicked", 41_000),
        ];
        let tree = Tree::of(&rows);
        let fold = Fold {
            kind,
            heads,
            spans: vec![0, 1, 2],
        };
        fold.notes(&tree)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    #[test]
    fn failures_come_first_and_every_kind_says_how_many() {
        let alike = ["✗ 2 failed", "p50 9.0 ms", "max 41 ms"];
        assert_eq!(notes(Kind::Alike, vec![0, 1, 2]), alike);
        assert_eq!(
            notes(Kind::Alike, vec![0]).last().map(String::as_str),
            Some("2 below")
        );
        assert_eq!(notes(Kind::Levels, vec![0]), ["✗ 2 failed", "3 spans"]);
        assert_eq!(
            notes(Kind::Others(7), vec![0]).last().map(String::as_str),
            Some("7 operations")
        );
    }
}
