//! Tables that fit the terminal.

use crate::style::{Style, Tone};
use crate::text::{columns, cut, left, right, safe};

/// The text between two columns.
const GAP: &str = "  ";
/// The width to which a flexible column may shrink.
const MIN_WIDTH: usize = 8;

/// The alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    title: &'static str,
    align: Align,
    flexible: bool,
}

impl Column {
    /// A column of text that is never cut, such as an id.
    #[must_use]
    pub const fn text(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Left,
            flexible: false,
        }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Right,
            flexible: false,
        }
    }

    /// A column of text that shrinks if the table would be too wide.
    #[must_use]
    pub const fn flexible(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Left,
            flexible: true,
        }
    }
}

/// A cell: its text and its tone.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell with a tone.
    #[must_use]
    pub fn toned(text: &str, tone: Tone) -> Self {
        Self {
            text: safe(text),
            tone,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::toned(text, Tone::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::toned(&text, Tone::Plain)
    }
}

/// Rows of cells below titles.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. Missing cells are empty, and cells beyond the last column are not shown.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Returns true if the table has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the lines of the table, titles first.
    #[must_use]
    pub fn render(&self, style: &Style) -> String {
        let widths = self.widths(style.width);
        let titles: Vec<_> = self
            .columns
            .iter()
            .map(|column| Cell::toned(column.title, Tone::Dim))
            .collect();
        std::iter::once(&titles)
            .chain(&self.rows)
            .map(|row| self.line(row, &widths, style))
            .collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize], style: &Style) -> String {
        let empty = Cell::default();
        let cells = self
            .columns
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(index, (column, width))| {
                let cell = row.get(index).unwrap_or(&empty);
                align_cell(
                    cell,
                    column.align,
                    *width,
                    index + 1 == self.columns.len(),
                    style,
                )
            });
        let line = cells.collect::<Vec<_>>().join(GAP);
        format!("{}\n", line.trim_end())
    }

    /// Returns the width of the widest cell of each column. If the sum is too wide, flexible columns shrink, the widest
    /// first.
    fn widths(&self, room: usize) -> Vec<usize> {
        let mut widths: Vec<_> = (0..self.columns.len())
            .map(|index| self.widest(index))
            .collect();
        let gaps = GAP.len() * self.columns.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
        while excess > 0 {
            let Some(width) = self.to_shrink(&mut widths) else {
                break;
            };
            *width -= 1;
            excess -= 1;
        }
        widths
    }

    fn to_shrink<'a>(&self, widths: &'a mut [usize]) -> Option<&'a mut usize> {
        widths
            .iter_mut()
            .zip(&self.columns)
            .filter(|(width, column)| column.flexible && **width > MIN_WIDTH)
            .map(|(width, _)| width)
            .max_by_key(|width| **width)
    }

    fn widest(&self, index: usize) -> usize {
        let title = self
            .columns
            .get(index)
            .map_or(0, |column| columns(column.title));
        let cells = self.rows.iter().filter_map(|row| row.get(index));
        cells
            .map(|cell| columns(&cell.text))
            .fold(title, usize::max)
    }
}

/// Aligns a cell. The last cell of a line is not filled, so that the line does not end in spaces.
fn align_cell(cell: &Cell, align: Align, width: usize, last: bool, style: &Style) -> String {
    let text = match align {
        Align::Right => right(&cell.text, width),
        Align::Left if last => cut(&cell.text, width),
        Align::Left => left(&cell.text, width),
    };
    style.paint(cell.tone, &text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(message: &str) -> Table {
        let mut table = Table::new(&[
            Column::text("id"),
            Column::number("calls"),
            Column::flexible("message"),
        ]);
        table.push(vec!["a-1".into(), "1,204".into(), message.into()]);
        table.push(vec!["b".into(), "7".into()]);
        table
    }

    #[test]
    fn columns_are_aligned() {
        let expected = "id   calls  message\na-1  1,204  fine\nb        7\n";
        assert_eq!(table("fine").render(&Style::PLAIN), expected);
    }

    #[test]
    fn flexible_columns_shrink() {
        let narrow = Style {
            width: 24,
            color: false,
        };
        let text = table("a message that is long").render(&narrow);
        assert!(text.contains("a-1  1,204  a message t…\n"), "{text}");
    }

    #[test]
    fn colours_take_no_columns() {
        let colored = Style {
            color: true,
            ..Style::PLAIN
        };
        let mut table = Table::new(&[Column::text("id"), Column::text("end")]);
        table.push(vec![Cell::toned("a", Tone::Bad), "z".into()]);
        assert!(table.render(&colored).contains("\u{1b}[31ma \u{1b}[0m  z"));
    }

    proptest! {
        #[test]
        fn a_table_has_one_line_a_row_and_fits_the_width(
            message in any::<String>(), width in 25_usize..120,
        ) {
            let text = table(&message).render(&Style { width, color: false });
            prop_assert_eq!(text.lines().count(), 3);
            prop_assert!(text.lines().all(|line| columns(line) <= width || !line.is_ascii()));
        }
    }
}
