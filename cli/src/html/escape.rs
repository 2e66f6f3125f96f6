//! StoredRecord text made safe for a page: whatever it holds, it stays text.

use crate::text::safe;

/// `text` on one line, without control characters or anything that turns the text around, and
/// without a character that means something in HTML, be it between tags or in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    entities(&safe(text))
}

/// The same for text that keeps its lines.
pub(super) fn escape_lines(text: &str) -> String {
    let lines: Vec<_> = text
        .lines()
        .map(|line| escape(&line.replace('\t', "    ")))
        .collect();
    lines.join("\n")
}

fn entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Of these the parser would complain.
            other if is_no_character(other) => out.extend(other.escape_unicode()),
            other => out.push(other),
        }
    }
    out
}

fn is_no_character(character: char) -> bool {
    let code = u32::from(character);
    matches!(code, 0xfdd0..=0xfdef) || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_means_something_in_html_is_written_as_an_entity() {
        assert_eq!(
            escape("<a href='x'>&\"</a>"),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;"
        );
        assert_eq!(escape("a\nb\u{0}\u{202e}"), "a\\nb\\u{0}\\u{202e}");
        assert_eq!(escape_lines("a\n\t<b>"), "a\n    &lt;b&gt;");
    }

    proptest! {
        #[test]
        fn nothing_escapes(text in any::<String>()) {
            let escaped = escape_lines(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert!(!escaped.contains(|c: char| c.is_control() && c != '\n'));
        }
    }
}
