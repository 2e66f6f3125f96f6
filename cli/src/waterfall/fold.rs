//! A line for several folded spans.

use crate::format::{count, duration};
use crate::style::Tone;
use crate::text::columns;

use crate::trace_view::{SpanView, TraceView};

use super::line::Line;

/// The text between two notes.
const GAP: &str = "  ";

/// Spans that share one line.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) kind: Kind,
    /// The spans whose parents are not in the fold.
    pub(crate) heads: Vec<usize>,
    /// All spans, including the heads.
    pub(crate) spans: Vec<usize>,
}

/// The relation of the spans of a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Siblings of one operation, with their descendants.
    SameOperation,
    /// Siblings of this many operations, with their descendants.
    MixedOperations(usize),
    /// Consecutive levels above spans that are shown.
    Levels,
}

impl Fold {
    pub(super) fn absorb(&mut self, other: Self) {
        self.heads.extend(other.heads);
        self.spans.extend(other.spans);
    }

    fn views<'t, 'a>(&self, trace: &'t TraceView<'a>) -> impl Iterator<Item = &'t SpanView<'a>> {
        self.spans.iter().map(|index| &trace.spans[*index])
    }

    fn first<'t, 'a>(&self, trace: &'t TraceView<'a>) -> Option<&'t SpanView<'a>> {
        trace.spans.get(*self.heads.first()?)
    }

    pub(crate) fn name(&self, trace: &TraceView<'_>) -> String {
        let heads = count(self.heads.len());
        let operation = self
            .first(trace)
            .map_or("", |span| span.call.operation.as_str());
        match self.kind {
            Kind::SameOperation if self.heads.len() == 1 => format!("▸ {operation}"),
            Kind::SameOperation => format!("× {heads} {operation}"),
            Kind::MixedOperations(_) => format!("× {heads} others"),
            Kind::Levels => format!("⋯ {} levels", count(self.levels(trace))),
        }
    }

    pub(crate) fn layer(&self, trace: &TraceView<'_>) -> String {
        match self.kind {
            Kind::SameOperation => self
                .first(trace)
                .map(|span| span.call.layer.clone())
                .unwrap_or_default(),
            Kind::MixedOperations(_) | Kind::Levels => String::new(),
        }
    }

    fn levels(&self, trace: &TraceView<'_>) -> usize {
        let depths = || self.views(trace).map(|span| span.depth);
        match (depths().min(), depths().max()) {
            (Some(first), Some(last)) => last - first + 1,
            _ => 0,
        }
    }

    pub(crate) fn count_failures(&self, trace: &TraceView<'_>) -> usize {
        self.views(trace)
            .filter(|span| span.call.outcome.is_failure())
            .count()
    }

    /// Returns the first start and the last end.
    pub(crate) fn range(&self, trace: &TraceView<'_>) -> (i64, i64) {
        let start = self.views(trace).map(|span| span.start_us).min();
        let end = self.views(trace).map(|span| span.end_us).max();
        (start.unwrap_or(0), end.unwrap_or(0))
    }

    /// Returns notes about the spans, the most important first.
    pub(crate) fn notes(&self, trace: &TraceView<'_>) -> Vec<(Tone, String)> {
        let failed = self.count_failures(trace);
        let failed = (failed > 0).then(|| (Tone::Bad, format!("✗ {} failed", count(failed))));
        let times = self.times(trace).into_iter().map(|text| (Tone::Dim, text));
        let below = self.spans.len() - self.heads.len();
        let rest = match self.kind {
            Kind::SameOperation => (below > 0).then(|| format!("{} below", count(below))),
            Kind::MixedOperations(kinds) => Some(format!("{} operations", count(kinds))),
            Kind::Levels => Some(format!("{} spans", count(self.spans.len()))),
        };
        failed
            .into_iter()
            .chain(times)
            .chain(rest.map(|text| (Tone::Dim, text)))
            .collect()
    }

    /// Returns the duration of the only head, which covers all other spans.
    pub(crate) fn duration(&self, trace: &TraceView<'_>) -> Option<f64> {
        match (self.kind, self.heads.as_slice()) {
            (Kind::SameOperation, [one]) => trace.spans[*one].record.duration_ms,
            _ => None,
        }
    }

    fn times(&self, trace: &TraceView<'_>) -> Vec<String> {
        let mut ms: Vec<_> = self
            .heads
            .iter()
            .filter_map(|index| trace.spans[*index].record.duration_ms)
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

    pub(super) fn note_width(&self, trace: &TraceView<'_>) -> usize {
        let notes = self.notes(trace);
        let texts: usize = notes.iter().map(|(_, text)| columns(text)).sum();
        texts + GAP.len() * notes.len().saturating_sub(1)
    }

    /// Adds the notes that fit whole; only the first is cut if necessary.
    pub(super) fn push_notes(&self, trace: &TraceView<'_>, line: &mut Line<'_>) {
        let mut lead = "";
        for (tone, text) in self.notes(trace) {
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
        let trace = TraceView::of(&rows);
        let fold = Fold {
            kind,
            heads,
            spans: vec![0, 1, 2],
        };
        fold.notes(&trace)
            .into_iter()
            .map(|(_, text)| text)
            .collect()
    }

    #[test]
    fn failures_are_noted_first_and_every_kind_notes_its_size() {
        let same = ["✗ 2 failed", "p50 9.0 ms", "max 41 ms"];
        assert_eq!(notes(Kind::SameOperation, vec![0, 1, 2]), same);
        assert_eq!(
            notes(Kind::SameOperation, vec![0])
                .last()
                .map(String::as_str),
            Some("2 below")
        );
        assert_eq!(notes(Kind::Levels, vec![0]), ["✗ 2 failed", "3 spans"]);
        assert_eq!(
            notes(Kind::MixedOperations(7), vec![0])
                .last()
                .map(String::as_str),
            Some("7 operations")
        );
    }
}
