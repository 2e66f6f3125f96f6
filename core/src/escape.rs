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
    table[0xc2] = true; // C1 controls
    table[0xd8] = true; // Arabic letter mark
    table[0xe2] = true; // separators and bidi controls
    table[0xef] = true; // byte order mark, interlinear annotation
    table
};

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

/// Characters that move a terminal's cursor, end a line, turn the text around or cannot be seen.
pub fn is_unsafe_to_print(suspect: char) -> bool {
    matches!(
        suspect,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
    )
}

/// Every character that is escaped is below U+10000, so that four digits are enough.
fn escape(suspect: char, out: &mut Vec<u8>) {
    match suspect {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        other => {
            const HEX: &[u8; 16] = b"0123456789abcdef";
            let code = u32::from(other);
            let digit = |shift: u32| HEX[(code >> shift & 15) as usize];
            out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
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
        assert_eq!(escaped("é – ü ⇒ 漢字 🙂"), "é – ü ⇒ 漢字 🙂");
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
