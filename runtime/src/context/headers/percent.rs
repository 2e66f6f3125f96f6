//! Percent-encoding of baggage values.

use std::borrow::Cow;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// Appends the text to `out`, with all bytes encoded but unreserved ASCII characters.
pub(crate) fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        if plain {
            out.push(char::from(byte));
        } else {
            out.push('%');
            let digit = |nibble: u8| {
                DIGITS
                    .get(usize::from(nibble))
                    .map_or('0', |digit| char::from(*digit))
            };
            out.push(digit(byte >> 4));
            out.push(digit(byte & 15));
        }
    }
}

/// Decodes a value. A `%` without two hexadecimal digits is kept, and invalid UTF-8 is replaced.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let decoded = (*first == b'%')
            .then(|| after.split_at_checked(2))
            .flatten();
        let decoded = decoded.and_then(|(digits, after)| Some((byte(digits)?, after)));
        let (byte, after) = decoded.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned().into()
}

fn byte(digits: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    u8::try_from(digit(0)? << 4 | digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_percent_sign_without_digits_is_kept() {
        for text in ["100%", "%zz", "%", "%4", "%-1"] {
            assert_eq!(decode(text), text);
        }
        assert_eq!(decode("%C3%A9%20%ff"), "é \u{fffd}");
        assert_eq!(decode("%e2%82%AC"), "€");
    }

    proptest! {
        #[test]
        fn encoded_text_decodes_to_itself(text in any::<String>()) {
            let mut encoded = String::new();
            encode(&text, &mut encoded);
            prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"%-_.~".contains(&byte)));
            prop_assert_eq!(decode(&encoded), text);
        }
    }
}
