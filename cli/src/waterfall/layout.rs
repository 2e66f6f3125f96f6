//! Divides the width of the terminal among the columns of a waterfall.

use crate::text::columns;

use super::outline::{Row, What};
use super::tree::Tree;
use super::{fold_name, fold_time, name, note, time};

/// The widest bar that the eye still compares well.
const WIDEST_BAR: usize = 64;
const LEAST_BAR: usize = 10;
/// Beyond it a note that has more to say takes the room.
const ENOUGH_BAR: usize = 36;
const LEAST_NAME: usize = 12;
const WIDEST_LAYER: usize = 12;
const LEAST_NOTE: usize = 14;

/// The widths of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) name: usize,
    pub(super) layer: usize,
    pub(super) time: usize,
    pub(super) bar: usize,
}

impl Layout {
    pub(super) fn of(tree: &Tree<'_>, rows: &[Row], width: usize) -> Self {
        let mut widest = [0; 4];
        for row in rows {
            for (widest, text) in widest.iter_mut().zip(texts(tree, row)) {
                *widest = columns(&text).max(*widest);
            }
        }
        let [name, layer, time, note] = widest;
        let name = name.min((width * 2 / 5).max(LEAST_NAME));
        let layer = layer.min(WIDEST_LAYER);
        // Two columns before the line, and two between each of the five parts.
        let left = width.saturating_sub(2 + 4 * 2 + layer + time);
        Self::divide(left, name, note, layer, time)
    }

    /// What is `left` goes to the name, the bar and the note; the note gives way first, down to
    /// what still says something, then the name, then the bar.
    fn divide(left: usize, name: usize, note: usize, layer: usize, time: usize) -> Self {
        let beside = left.saturating_sub(name + ENOUGH_BAR);
        let note = note.min((left * 2 / 5).max(LEAST_NOTE).max(beside));
        let short = (name + note + LEAST_BAR).saturating_sub(left);
        let name = name.saturating_sub(short).max(LEAST_NAME.min(name));
        let bar = left.saturating_sub(name + note).min(WIDEST_BAR);
        Self {
            name,
            layer,
            time,
            bar,
        }
    }
}

/// Name, layer, time and note; what is noted of a fold may take the bar's room.
fn texts(tree: &Tree<'_>, row: &Row) -> [String; 4] {
    match &row.what {
        What::Span(place) => {
            let node = &tree.nodes[*place];
            [
                name(node, row),
                node.facts.layer.clone(),
                time(node),
                note::text(node),
            ]
        }
        What::Fold(fold) => [
            fold_name(fold, tree, row),
            fold.layer(tree),
            fold_time(fold, tree),
            String::new(),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_terminal_gives_every_part_what_it_needs() {
        let layout = Layout::divide(120, 20, 30, 10, 6);
        assert_eq!((layout.name, layout.bar), (20, 64));
        let layout = Layout::divide(120, 20, 70, 10, 6);
        assert_eq!((layout.name, layout.bar), (20, ENOUGH_BAR));
    }

    #[test]
    fn a_narrow_one_takes_from_the_note_and_then_from_the_name() {
        let layout = Layout::divide(50, 24, 60, 10, 6);
        assert_eq!((layout.name, layout.bar), (20, 10));
        let layout = Layout::divide(30, 24, 60, 10, 6);
        assert_eq!((layout.name, layout.bar), (12, 4));
        assert_eq!(Layout::divide(0, 24, 60, 10, 6).bar, 0);
    }
}
