//! Trace and span ids: UUIDs whose first 48 bits are the millisecond in which the span began.

use std::fmt;
use std::str::FromStr;

use crate::clock;

/// The text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("not an id: expected a UUID or its 32 hexadecimal digits")]
pub struct ParseIdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The id with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The sixteen bytes, most significant first.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0
            }

            /// The millisecond since the Unix epoch that a version 7 id carries; `None` for any other id.
            #[must_use]
            pub fn unix_millis(self) -> Option<u64> {
                (self.0[6] >> 4 == 7).then(|| millis(self.0))
            }

            /// The 36 characters of the id's text.
            pub fn text(self) -> [u8; 36] {
                hyphenated(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(std::str::from_utf8(&self.text()).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            /// Reads a UUID with its hyphens, or 32 hexadecimal digits, in either case.
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse(text.as_bytes()).map(Self).ok_or(ParseIdError)
            }
        }
    };
}

id! {
    /// The id that all records of one request share. A trace that begins in this service has the id of its root span.
    ///
    /// ```
    /// let id: ragspan::TraceId = "01a2073a-c418-7b04-9e11-223344f7f31d".parse()?;
    /// assert_eq!(id.short(), "01a2073ac418-f7f31d");
    /// # Ok::<(), ragspan::error::ParseIdError>(())
    /// ```
    TraceId
}

id! {
    /// One annotated call.
    SpanId
}

impl TraceId {
    /// The short form for people: the twelve digits of the time, a hyphen, and the last six digits.
    #[must_use]
    pub fn short(self) -> String {
        let [.., a, b, c] = self.0;
        let time = self.0[..6]
            .iter()
            .fold(0_u64, |time, byte| time << 8 | u64::from(*byte));
        format!("{time:012x}-{a:02x}{b:02x}{c:02x}")
    }
}

impl SpanId {
    /// A new id for a span that began at this Unix millisecond.
    pub fn new(unix_millis: u64) -> Self {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(
            &(unix_millis << 16 | 0x7000 | clock::random() & 0x0fff).to_be_bytes(),
        );
        bytes[8..].copy_from_slice(&(clock::random() >> 2 | 1 << 63).to_be_bytes());
        Self(bytes)
    }
}

impl From<SpanId> for TraceId {
    /// The trace that this span is the root of.
    fn from(root: SpanId) -> Self {
        Self(root.0)
    }
}

fn millis(bytes: [u8; 16]) -> u64 {
    bytes[..6]
        .iter()
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn hyphenated(bytes: [u8; 16]) -> [u8; 36] {
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in bytes.into_iter().enumerate() {
        at += usize::from(matches!(index, 4 | 6 | 8 | 10));
        text[at] = HEX[usize::from(byte >> 4)];
        text[at + 1] = HEX[usize::from(byte & 15)];
        at += 2;
    }
    text
}

fn parse(text: &[u8]) -> Option<[u8; 16]> {
    let mut digits = [0; 32];
    match text.len() {
        32 => digits.copy_from_slice(text),
        36 if [8, 13, 18, 23].iter().all(|at| text[*at] == b'-') => {
            let rest = text.iter().filter(|byte| **byte != b'-');
            let mut filled = 0;
            for (slot, byte) in digits.iter_mut().zip(rest) {
                *slot = *byte;
                filled += 1;
            }
            if filled != 32 {
                return None;
            }
        }
        _ => return None,
    }
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_new_id_is_a_version_7_uuid_of_its_millisecond() {
        let id = SpanId::new(0x01a2_073a_c418);
        assert_eq!(id.unix_millis(), Some(0x01a2_073a_c418));
        let text = id.to_string();
        assert!(text.starts_with("01a2073a-c418-7"), "{text}");
        assert!(
            matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'),
            "{text}"
        );
    }

    #[test]
    fn a_foreign_id_has_no_time() {
        let id: TraceId = "550e8400-e29b-41d4-a716-446655440000".parse().unwrap();
        assert_eq!(id.unix_millis(), None);
    }

    proptest! {
        #[test]
        fn text_and_digits_both_lead_back_to_the_id(bytes: [u8; 16]) {
            let id = TraceId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(id.to_string().replace('-', "").to_uppercase().parse(), Ok(id));
        }

        #[test]
        fn any_other_text_is_refused_without_a_panic(text in "[0-9a-f-]{30,40}|.{0,50}") {
            let digits = text.chars().filter(char::is_ascii_hexdigit).count();
            let well_formed = digits == 32 && matches!(text.len(), 32 | 36);
            prop_assert!(well_formed || text.parse::<SpanId>().is_err());
        }
    }
}
