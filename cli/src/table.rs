//! Tables that fit the terminal.

use crate::style::{Style, Tone};
use crate::text::{columns, cut, left, right, safe, wrap};

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
    /// The width to which the column may shrink if it is flexible.
    least: usize,
    /// Columns with a higher rank are left out first; one without a rank never is.
    rank: Option<u8>,
}

impl Column {
    /// A column of text that is never cut, such as an id.
    #[must_use]
    pub const fn text(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Left,
            flexible: false,
            least: MIN_WIDTH,
            rank: None,
        }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(title: &'static str) -> Self {
        Self {
            title,
            align: Align::Right,
            flexible: false,
            least: MIN_WIDTH,
            rank: None,
        }
    }

    /// A column of text that shrinks if the table would be too wide.
    #[must_use]
    pub const fn flexible(title: &'static str) -> Self {
        Self {
            flexible: true,
            ..Self::text(title)
        }
    }

    /// Returns the flexible column with the width to which it may shrink.
    #[must_use]
    pub const fn at_least(mut self, width: usize) -> Self {
        self.least = width;
        self
    }

    /// Returns the column as one that is left out if it is empty, or if the table would be too wide: those with the
    /// highest rank first.
    #[must_use]
    pub const fn optional(mut self, rank: u8) -> Self {
        self.rank = Some(rank);
        self
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

    /// Returns the text, which is safe to print.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the tone.
    #[must_use]
    pub const fn tone(&self) -> Tone {
        self.tone
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

    /// Returns the lines of the table, titles first, and a line that names the columns that were left out for the width.
    #[must_use]
    pub fn render(&self, style: &Style) -> String {
        let shown: Vec<_> = (0..self.columns.len())
            .filter(|index| !self.is_left_empty(*index))
            .collect();
        let whole_width = self.least_width(&shown);
        let (shown, left_out) = self.fit(shown, style.width);
        let mut text = self.lines(&shown, style);
        text.push_str(&self.note(&left_out, whole_width, style));
        text
    }

    fn lines(&self, shown: &[usize], style: &Style) -> String {
        let widths = self.widths(shown, style.width);
        let titles: Vec<_> = self
            .columns
            .iter()
            .map(|column| Cell::toned(column.title, Tone::Dim))
            .collect();
        std::iter::once(&titles)
            .chain(&self.rows)
            .map(|row| self.line(row, shown, &widths, style))
            .collect()
    }

    fn line(&self, row: &[Cell], shown: &[usize], widths: &[usize], style: &Style) -> String {
        let empty = Cell::default();
        let cells = shown.iter().zip(widths).map(|(index, width)| {
            let cell = row.get(*index).unwrap_or(&empty);
            let align = self
                .columns
                .get(*index)
                .map_or(Align::Left, |column| column.align);
            align_cell(cell, align, *width, Some(index) == shown.last(), style)
        });
        let line = cells.collect::<Vec<_>>().join(GAP);
        format!("{}\n", line.trim_end())
    }

    /// Returns true for an optional column without any text in its cells.
    fn is_left_empty(&self, index: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(index));
        self.rank(index).is_some() && cells.all(|cell| cell.text.is_empty())
    }

    /// Returns the columns that are shown, and those that are left out because the table would be wider than `room`.
    fn fit(&self, mut shown: Vec<usize>, room: usize) -> (Vec<usize>, Vec<usize>) {
        let mut left_out = Vec::new();
        while self.least_width(&shown) > room {
            let last = shown.iter().copied().enumerate();
            let last = last.filter_map(|(at, index)| Some((self.rank(index)?, at)));
            let Some((_, at)) = last.max() else { break };
            left_out.push(shown.remove(at));
        }
        left_out.sort_unstable();
        (shown, left_out)
    }

    fn note(&self, left_out: &[usize], whole_width: usize, style: &Style) -> String {
        if left_out.is_empty() {
            return String::new();
        }
        let titles: Vec<_> = left_out
            .iter()
            .filter_map(|index| self.columns.get(*index).map(|column| column.title))
            .collect();
        let note = format!(
            "not shown in {} columns: {} (COLUMNS={whole_width} or --json shows all)",
            style.width,
            titles.join(", ")
        );
        wrap(&note, style.width)
            .iter()
            .map(|line| format!("{}\n", style.paint(Tone::Dim, line)))
            .collect()
    }

    fn rank(&self, index: usize) -> Option<u8> {
        self.columns.get(index)?.rank
    }

    /// Returns the width of the widest cell of each column. If the sum is too wide, flexible columns shrink, the widest
    /// first.
    fn widths(&self, shown: &[usize], room: usize) -> Vec<usize> {
        let mut widths: Vec<_> = shown.iter().map(|index| self.widest(*index)).collect();
        let mut excess = (widths.iter().sum::<usize>() + gaps(shown)).saturating_sub(room);
        while excess > 0 {
            let Some(width) = self.to_shrink(shown, &mut widths) else {
                break;
            };
            *width -= 1;
            excess -= 1;
        }
        widths
    }

    /// Returns the width of the table where its flexible columns have shrunk.
    fn least_width(&self, shown: &[usize]) -> usize {
        let widths = shown.iter().map(|index| {
            let widest = self.widest(*index);
            self.least(*index).map_or(widest, |least| widest.min(least))
        });
        widths.sum::<usize>() + gaps(shown)
    }

    /// Returns the width to which a flexible column may shrink.
    fn least(&self, index: usize) -> Option<usize> {
        let column = self.columns.get(index)?;
        column.flexible.then_some(column.least)
    }

    fn to_shrink<'a>(&self, shown: &[usize], widths: &'a mut [usize]) -> Option<&'a mut usize> {
        let shrinks =
            |width: usize, index: usize| self.least(index).is_some_and(|least| width > least);
        widths
            .iter_mut()
            .zip(shown)
            .filter(|(width, index)| shrinks(**width, **index))
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

fn gaps(shown: &[usize]) -> usize {
    GAP.len() * shown.len().saturating_sub(1)
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

    /// A table whose columns `a` to `e` are each three columns wide and less important from left to right.
    fn ranked() -> Table {
        let optional = |title, rank| Column::number(title).optional(rank);
        let mut table = Table::new(&[
            Column::flexible("name").at_least(6),
            optional("a", 1),
            optional("b", 2),
            optional("none", 9),
            optional("c", 4),
            optional("d", 3),
        ]);
        let row = ["retrieval", "111", "222", "", "444", "333"];
        table.push(row.into_iter().map(Cell::from).collect());
        table
    }

    #[test]
    fn the_least_important_columns_are_left_out_first_and_named() {
        for (width, titles, note) in [
            (40, "name         a    b    c    d", ""),
            (26, "name      a    b    c    d", ""),
            (25, "name         a    b    d", "c (COL"),
            (20, "name         a    b", "c, d (COL"),
            (1, "name", "a, b, c, d (COL"),
        ] {
            let text = ranked().render(&Style {
                width,
                color: false,
            });
            assert_eq!(text.lines().next(), Some(titles), "{width}: {text}");
            let rest: Vec<_> = text.lines().skip(2).collect();
            if width > 20 {
                assert!(rest.join(" ").contains(note), "{width}: {text}");
            }
            assert_eq!(rest.is_empty(), note.is_empty(), "{width}: {text}");
        }
    }

    #[test]
    fn the_note_names_a_width_that_fits() {
        let text = ranked().render(&Style {
            width: 25,
            color: false,
        });
        assert!(text.replace('\n', " ").contains("COLUMNS=26"), "{text}");
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
