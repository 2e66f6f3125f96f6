//! JSON string escapes, for untrusted text: nothing that a terminal or a log viewer could act on passes.

use std::borrow::Cow;

/// Appends `text` as the inside of a JSON string. Characters that are [unsafe to print](is_unsafe_to_print) are escaped.
pub fn write(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut written = 0;
    let mut at = 0;
    while let Some(found) = bytes[at..]
        .iter()
        .position(|byte| SUSPECT[usize::from(*byte)])
    {
        at += found;
        let Some(suspect) = text.get(at..).and_then(|rest| rest.chars().next()) else {
            break;
        };
        let next = at + suspect.len_utf8();
        if matches!(suspect, '"' | '\\') || is_unsafe_to_print(suspect) {
            out.extend_from_slice(&bytes[written..at]);
            escape(suspect, out);
            written = next;
        }
        at = next;
    }
    out.extend_from_slice(&bytes[written..]);
}

/// Bytes that are escaped, or begin a character that may be.
static SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table[0x7f] = true;
    let mut row = 0;
    while row < UNSAFE.len() {
        let (first, last) = (first_byte(UNSAFE[row].0), first_byte(UNSAFE[row].1));
        byte = first;
        while byte <= last {
            table[byte] = true;
            byte += 1;
        }
        row += 1;
    }
    table
};

/// Returns the first byte of a character in UTF-8.
const fn first_byte(letter: char) -> usize {
    let mut bytes = [0; 4];
    letter.encode_utf8(&mut bytes);
    bytes[0] as usize
}

/// Replaces the characters of a metric's label that are [unsafe to print](is_unsafe_to_print), because an exposition has
/// an escape only for the end of a line.
pub fn plain(text: Cow<'_, str>) -> Cow<'_, str> {
    let unsafe_char = |suspect: char| suspect != '\n' && is_unsafe_to_print(suspect);
    if text.contains(unsafe_char) {
        text.replace(unsafe_char, "\u{fffd}").into()
    } else {
        text
    }
}

/// The ranges of characters that move a terminal's cursor, end a line, change the direction of text or are invisible,
/// in order.
///
/// The zero-width joiners are part of emoji, of Persian and of Indic scripts; they are escaped nevertheless, because texts
/// that differ in nothing else look alike. The selector U+FE0F is not in the list: it turns a sign into a visible emoji.
const UNSAFE: [(char, char); 24] = [
    ('\0', '\x1f'),
    ('\x7f', '\x7f'),
    ('\u{80}', '\u{9f}'),
    ('\u{ad}', '\u{ad}'),       // soft hyphen
    ('\u{34f}', '\u{34f}'),     // combining grapheme joiner
    ('\u{61c}', '\u{61c}'),     // Arabic letter mark
    ('\u{115f}', '\u{1160}'),   // Hangul fillers
    ('\u{17b4}', '\u{17b5}'),   // Khmer inherent vowels
    ('\u{180b}', '\u{180f}'),   // Mongolian selectors and vowel separator
    ('\u{200b}', '\u{200f}'),   // zero-width characters, direction marks
    ('\u{2028}', '\u{202e}'),   // separators and bidi controls
    ('\u{2060}', '\u{206f}'),   // word joiner, invisible operators, bidi isolates
    ('\u{2800}', '\u{2800}'),   // blank Braille pattern
    ('\u{3164}', '\u{3164}'),   // Hangul filler
    ('\u{fe00}', '\u{fe0e}'),   // variation selectors but that of emoji
    ('\u{feff}', '\u{feff}'),   // byte order mark
    ('\u{ffa0}', '\u{ffa0}'),   // half-width Hangul filler
    ('\u{fff0}', '\u{fffb}'),   // unassigned invisible characters, interlinear annotation
    ('\u{110bd}', '\u{110bd}'), // Kaithi number signs
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{13440}'), // joiners of hieroglyphs
    ('\u{1bca0}', '\u{1bca3}'), // shorthand format controls
    ('\u{1d173}', '\u{1d17a}'), // musical format controls
    ('\u{e0000}', '\u{e0fff}'), // tags and variation selectors
];

/// Returns whether a character moves a terminal's cursor, ends a line, changes the direction of text or is invisible.
pub fn is_unsafe_to_print(suspect: char) -> bool {
    // Most characters are printable ASCII.
    if matches!(suspect, ' '..='~') {
        return false;
    }
    let after = UNSAFE.partition_point(|(first, _)| *first <= suspect);
    after > 0 && suspect <= UNSAFE[after - 1].1
}

/// Escapes one character; those above U+FFFF take two escapes, a surrogate pair.
fn escape(suspect: char, out: &mut Vec<u8>) {
    match suspect {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        other => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            for unit in other.encode_utf16(&mut [0; 2]) {
                let digit = |shift: u16| HEX[usize::from(*unit >> shift & 15)];
                out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(text: &str) -> String {
        let mut out = Vec::new();
        write(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hostile_characters_become_escapes() {
        assert_eq!(escaped("a\"b\\c\nd"), r#"a\"b\\c\nd"#);
        assert_eq!(escaped("\u{1b}[31m\u{9b}\u{7f}"), r"\u001b[31m\u009b\u007f");
        assert_eq!(
            escaped("\u{2028}\u{202e}\u{2066}\u{feff}\u{61c}"),
            r"\u2028\u202e\u2066\ufeff\u061c"
        );
        assert_eq!(
            escaped("a\u{200b}\u{200d}\u{2060}\u{ad}\u{e0041}\u{3164}"),
            r"a\u200b\u200d\u2060\u00ad\udb40\udc41\u3164"
        );
        assert_eq!(escaped("é – ü ⇒ 漢字 🙂"), "é – ü ⇒ 漢字 🙂");
    }

    #[test]
    fn the_list_is_sorted_and_every_byte_that_begins_one_of_it_is_suspect() {
        assert!(UNSAFE.is_sorted_by(|one, next| one.1 < next.0));
        for letter in ('\0'..=char::MAX).filter(|letter| is_unsafe_to_print(*letter)) {
            assert!(escaped(&letter.to_string()).is_ascii(), "{letter:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_escaped_reads_back(text: String) {
            let json = format!("\"{}\"", escaped(&text));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            prop_assert!(!json.chars().any(is_unsafe_to_print));
        }
    }
}
