//! Divides the width of the terminal among the columns of a waterfall.

use crate::text::columns;

use super::cells::{fold_name, fold_time, name, time};
use super::note;
use super::outline::{Content, Row};
use crate::trace_view::TraceView;

/// The maximum width of a bar; wider ones are hard to compare.
const MAX_BAR: usize = 64;
const MIN_BAR: usize = 10;
/// The width of a bar beyond which a long note takes the room.
const ENOUGH_BAR: usize = 36;
const MIN_NAME: usize = 12;
const MAX_LAYER: usize = 12;
const MIN_NOTE: usize = 14;

/// The widths of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) name: usize,
    pub(super) layer: usize,
    pub(super) time: usize,
    pub(super) bar: usize,
}

impl Layout {
    pub(super) fn of(trace: &TraceView<'_>, rows: &[Row], width: usize) -> Self {
        let mut widest = [0; 4];
        for row in rows {
            for (widest, text) in widest.iter_mut().zip(texts(trace, row)) {
                *widest = columns(&text).max(*widest);
            }
        }
        let [name, layer, time, note] = widest;
        let name = name.min((width * 2 / 5).max(MIN_NAME));
        let layer = layer.min(MAX_LAYER);
        // Two columns before the line, and two between each of the five parts.
        let left = width.saturating_sub(2 + 4 * 2 + layer + time);
        Self::divide(left, name, note, layer, time)
    }

    /// Divides the width that is `left` among the name, the bar and the note. The note shrinks first, down to its minimum,
    /// then the name, then the bar.
    fn divide(left: usize, name: usize, note: usize, layer: usize, time: usize) -> Self {
        let beside = left.saturating_sub(name + ENOUGH_BAR);
        let note = note.min((left * 2 / 5).max(MIN_NOTE).max(beside));
        let short = (name + note + MIN_BAR).saturating_sub(left);
        let name = name.saturating_sub(short).max(MIN_NAME.min(name));
        let bar = left.saturating_sub(name + note).min(MAX_BAR);
        Self {
            name,
            layer,
            time,
            bar,
        }
    }
}

/// Returns the name, layer, time and note of a row. The note of a fold is left out: it may take the room of the bar.
fn texts(trace: &TraceView<'_>, row: &Row) -> [String; 4] {
    match &row.content {
        Content::Span(index) => {
            let span = &trace.spans[*index];
            [
                name(span, row),
                span.call.layer.clone(),
                time(span),
                note::text(span),
            ]
        }
        Content::Fold(fold) => [
            fold_name(fold, trace, row),
            fold.layer(trace),
            fold_time(fold, trace),
            String::new(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_terminal_has_room_for_every_part() {
        let layout = Layout::divide(120, 20, 30, 10, 6);
        assert_eq!((layout.name, layout.bar), (20, 64));
        let layout = Layout::divide(120, 20, 70, 10, 6);
        assert_eq!((layout.name, layout.bar), (20, ENOUGH_BAR));
    }

    #[test]
    fn in_a_narrow_terminal_the_note_shrinks_first_and_then_the_name() {
        let layout = Layout::divide(50, 24, 60, 10, 6);
        assert_eq!((layout.name, layout.bar), (20, 10));
        let layout = Layout::divide(30, 24, 60, 10, 6);
        assert_eq!((layout.name, layout.bar), (12, 4));
        assert_eq!(Layout::divide(0, 24, 60, 10, 6).bar, 0);
    }
}
