//! Writes the little JSON that the store gives out, safe to print and one line whatever it holds.

use ragspan_core::escape::{self, is_unsafe_to_print};

/// Appends `text` as a JSON string.
pub(super) fn push_string(out: &mut String, text: &str) {
    let mut inside = Vec::with_capacity(text.len());
    escape::write(text, &mut inside);
    out.push('"');
    out.push_str(&String::from_utf8_lossy(&inside));
    out.push('"');
}

/// Appends a string, or `null`.
pub(super) fn push_optional(out: &mut String, text: Option<&str>) {
    match text {
        Some(text) => push_string(out, text),
        None => out.push_str("null"),
    }
}

/// Appends an object that is stored as JSON text. Text that is none (written by another program)
/// is kept, as the one string of the object that `wrap` makes, so that the line stays JSON.
pub(super) fn push_object(out: &mut String, stored: &str, wrap: fn(&mut String, &str)) {
    match serde_json::from_str::<serde_json::Value>(stored) {
        Ok(value) if value.is_object() => push_json(out, stored),
        _ => wrap(out, stored),
    }
}

/// Valid JSON has hazards only inside strings, where `\u` means the same, and line ends only
/// between tokens, where a space does.
fn push_json(out: &mut String, json: &str) {
    for character in json.chars() {
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            other if is_unsafe_to_print(other) => {
                let mut escaped = Vec::new();
                escape::write(other.encode_utf8(&mut [0; 4]), &mut escaped);
                out.push_str(&String::from_utf8_lossy(&escaped));
            }
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrap(out: &mut String, text: &str) {
        out.push_str("{\"unreadable\":");
        push_string(out, text);
        out.push('}');
    }

    #[test]
    fn what_is_no_object_is_wrapped() {
        for text in ["", "[1]", "7", "{\"a\":", "{} {}"] {
            let mut out = String::new();
            push_object(&mut out, text, wrap);
            let value: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(value["unreadable"], text);
        }
    }

    #[test]
    fn an_object_keeps_its_text_and_its_order() {
        let mut out = String::new();
        push_object(&mut out, "{\"z\":1.50,\n \"a\":\"\u{9b}\u{e0041}\"}", wrap);
        assert_eq!(out, "{\"z\":1.50,  \"a\":\"\\u009b\\udb40\\udc41\"}");
    }

    proptest! {
        #[test]
        fn any_text_is_one_safe_line_and_reads_back(text in any::<String>()) {
            let mut out = String::new();
            push_string(&mut out, &text);
            prop_assert!(!out.contains(is_unsafe_to_print));
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }

        #[test]
        fn any_stored_text_gives_an_object_on_one_line(text in any::<String>()) {
            let mut out = String::new();
            push_object(&mut out, &text, wrap);
            prop_assert!(!out.contains(is_unsafe_to_print));
            prop_assert!(serde_json::from_str::<serde_json::Value>(&out).unwrap().is_object());
        }
    }
}
