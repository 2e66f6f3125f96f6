//! Makes text from records safe for a terminal, and cuts or fills it to a number of columns.

use std::io::{self, Write as _};

use ragspan_core::escape::is_unsafe_to_print;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Returns `text` on one line, with escapes for characters that could move the cursor or change the direction of the text.
#[must_use]
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other if is_unsafe_to_print(other) => out.extend(other.escape_unicode()),
            other => out.push(other),
        }
    }
    out
}

/// Writes a message to standard error; a closed standard error is ignored.
pub fn report(text: &str) {
    _ = writeln!(io::stderr(), "ragspan: {}", safe(text));
}

/// Returns the number of columns of `text`.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.width()
}

/// Cuts `text` to at most `width` columns; a cut is marked by `…`.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let Some(room) = width.checked_sub(1) else {
        return String::new();
    };
    let mut out = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > room {
            break;
        }
        out.push(character);
    }
    out.push('…');
    out
}

/// Cuts `text`, or fills it with spaces on its right, to exactly `width` columns.
#[must_use]
pub fn left(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let fill = width.saturating_sub(columns(&cut));
    format!("{cut}{}", " ".repeat(fill))
}

/// Cuts `text`, or fills it with spaces on its left, to exactly `width` columns.
#[must_use]
pub fn right(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let fill = width.saturating_sub(columns(&cut));
    format!("{}{cut}", " ".repeat(fill))
}

/// Breaks `text` at spaces into lines of at most `width` columns; a longer word is cut.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, width)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_that_move_the_cursor_are_escaped() {
        assert_eq!(safe("a\u{1b}[2J\n\u{202e}b"), "a\\u{1b}[2J\\n\\u{202e}b");
        assert_eq!(safe("Grüße, 世界"), "Grüße, 世界");
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(cut("世界世界", 5), "世界…");
        assert_eq!(left("世", 4), "世  ");
        assert_eq!(right("ab", 4), "  ab");
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("incomprehensible", 5), ["inco…"]);
        assert!(wrap("  ", 5).is_empty());
    }

    proptest! {
        #[test]
        fn safe_text_has_no_control_character(text in any::<String>()) {
            prop_assert!(!safe(&text).contains(is_unsafe_to_print));
        }

        #[test]
        fn filled_text_takes_the_width_exactly(text in "[ -~é世]{0,60}", width in 0_usize..50) {
            prop_assert_eq!(columns(&left(&text, width)), width);
            prop_assert_eq!(columns(&right(&text, width)), width);
        }

        #[test]
        fn no_wrapped_line_is_too_wide(text in "[ a-zé世]{0,80}", width in 2_usize..40) {
            for line in wrap(&text, width) {
                prop_assert!(columns(&line) <= width, "{:?}", line);
            }
        }
    }
}
