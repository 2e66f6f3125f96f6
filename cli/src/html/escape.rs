//! Escapes stored text for HTML, so that it stays text whatever it holds.

use crate::text::safe;

/// Returns `text` on one line, with escapes for control characters, characters that change the direction of the text, and
/// every character that has a meaning in HTML between tags or in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    entities(&safe(text))
}

/// Escapes text as [`escape`] does, but keeps its lines.
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
            // The parser reports an error for these.
            other if is_noncharacter(other) => out.extend(other.escape_unicode()),
            other => out.push(other),
        }
    }
    out
}

fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    matches!(code, 0xfdd0..=0xfdef) || code & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_with_a_meaning_in_html_are_escaped() {
        assert_eq!(
            escape("<a href='x'>&\"</a>"),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;"
        );
        assert_eq!(escape("a\nb\u{0}\u{202e}"), "a\\nb\\u{0}\\u{202e}");
        assert_eq!(escape_lines("a\n\t<b>"), "a\n    &lt;b&gt;");
    }

    proptest! {
        #[test]
        fn no_text_leaves_its_element(text in any::<String>()) {
            let escaped = escape_lines(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert!(!escaped.contains(|c: char| c.is_control() && c != '\n'));
        }
    }
}
