//! Draws a time range as a bar, to an eighth of a column where block characters exist for it.

/// The block characters that fill a column from its left, by eighths.
const FROM_LEFT: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Returns a bar of `width` columns for the time from `start` to `end` within `range`. Its end is exact to an eighth of a
/// column. Its start is exact to a half or an eighth, as no other blocks begin inside a column.
pub(super) fn bar(start: i64, end: i64, range: (i64, i64), width: usize) -> String {
    let eighths = width.saturating_mul(8);
    let first = eighth(start, range, eighths).min(eighths.saturating_sub(1));
    let last = eighth(end, range, eighths).clamp(first + 1, eighths.max(first + 1));
    let text: String = (0..width)
        .map(|column| block(column * 8, first, last))
        .collect();
    text.trim_end().to_owned()
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rounding is intended, and `as` saturates"
)]
fn eighth(time: i64, (from, to): (i64, i64), eighths: usize) -> usize {
    let all = to as f64 - from as f64;
    if all <= 0.0 {
        return 0;
    }
    let share = (time as f64 - from as f64) / all;
    (share * eighths as f64).round() as usize
}

/// Returns the block of the column that begins at eighth `left`.
fn block(left: usize, first: usize, last: usize) -> char {
    let right = left + 8;
    if last <= left || first >= right {
        return ' ';
    }
    if first > left && last >= right {
        return from_right(right - first);
    }
    if first > left + 3 && last < right {
        return '▕';
    }
    let filled = last.min(right) - first.max(left);
    FROM_LEFT[filled.clamp(1, 8) - 1]
}

/// Returns the block nearest to a column of which the last `filled` eighths are filled.
const fn from_right(filled: usize) -> char {
    match filled {
        0..=2 => '▕',
        3..=5 => '▐',
        _ => '█',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn edges_are_drawn_to_the_eighth() {
        for (start, end, text) in [
            (0, 80, "██████████"),
            (0, 4, "▌"),
            (0, 12, "█▌"),
            (8, 17, " █▏"),
            (4, 16, "▐█"),
            (78, 80, "         ▕"),
            (40, 40, "     ▏"),
            (46, 47, "     ▕"),
        ] {
            assert_eq!(bar(start, end, (0, 80), 10), text, "{start}..{end}");
        }
    }

    #[test]
    fn a_bar_is_empty_only_without_room() {
        assert_eq!(bar(5, 5, (5, 5), 10), "▏");
        assert_eq!(bar(80, 80, (0, 80), 10), "         ▕");
        assert_eq!(bar(0, 1, (0, 1), 0), "");
    }

    proptest! {
        #[test]
        fn any_times_make_a_bar_that_fits(
            start in any::<i64>(), end in any::<i64>(), from in any::<i64>(), to in any::<i64>(),
            width in 1_usize..80,
        ) {
            let bar = bar(start, end, (from, to), width);
            let columns = bar.chars().count();
            prop_assert!((1..=width).contains(&columns), "{:?}", bar);
        }

        #[test]
        fn a_later_end_never_shortens_a_bar(end in 0_i64..1000, more in 0_i64..1000) {
            let long = |end| bar(0, end, (0, 2000), 30).chars().count();
            prop_assert!(long(end) <= long(end + more));
        }
    }
}
