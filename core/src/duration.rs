//! The grammar of durations, for configuration files, macro arguments and the command line.
//!
//! A duration is one or more parts without a separator, and each part is a decimal number and a unit: `250ms`, `1.5s`,
//! `1h30m`. Spaces may separate a number from its unit. Units are lower case:
//!
//! | unit | length |
//! |---|---|
//! | `us` | a microsecond |
//! | `ms` | a millisecond |
//! | `s` | a second |
//! | `m`, `min` | a minute |
//! | `h` | an hour |
//! | `d` | 24 hours |
//! | `w` | seven days |
//!
//! A number without a unit, a sign and an exponent are rejected.

use std::fmt;
use std::time::Duration;

/// The units with their lengths in microseconds.
const UNITS: [(&str, u64); 8] = [
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("min", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
    ("w", 604_800_000_000),
];

/// Parses a duration. Fractions of a microsecond are cut off.
///
/// # Errors
///
/// When the text does not follow the [grammar](self), and when the duration exceeds `u64::MAX` microseconds.
///
/// ```
/// use std::time::Duration;
/// use ragspan_core::duration::{ParseDurationError, parse};
///
/// assert_eq!(parse("1.5s"), Ok(Duration::from_millis(1500)));
/// assert_eq!(parse("1h30m"), Ok(Duration::from_secs(5400)));
/// assert_eq!(parse("15"), Err(ParseDurationError::Malformed));
/// ```
pub fn parse(text: &str) -> Result<Duration, ParseDurationError> {
    let mut micros = 0_u64;
    let mut rest = text;
    loop {
        let (part, after) = part(rest)?;
        micros = micros
            .checked_add(part)
            .ok_or(ParseDurationError::TooLong)?;
        if after.is_empty() {
            return Ok(Duration::from_micros(micros));
        }
        rest = after;
    }
}

/// Parses the first part of `text`, and returns its microseconds and the rest of the text.
fn part(text: &str) -> Result<(u64, &str), ParseDurationError> {
    let (number, rest) = split_where(text, |letter| letter != '.' && !letter.is_ascii_digit());
    let (unit, rest) = split_where(rest.trim_start_matches(' '), |letter| {
        !letter.is_ascii_alphabetic()
    });
    let mut units = UNITS.iter();
    let unit = units.find(|(name, _)| *name == unit);
    let (_, scale) = unit.ok_or(ParseDurationError::Malformed)?;
    Ok((scaled(number, *scale)?, rest))
}

/// Splits `text` before the first character for which `is_end` is true.
fn split_where(text: &str, is_end: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(is_end).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Multiplies a decimal number by `scale`, rounding down.
fn scaled(number: &str, scale: u64) -> Result<u64, ParseDurationError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_number =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return Err(ParseDurationError::Malformed);
    }
    let whole: Option<u64> = whole.parse().ok();
    let micros = whole.and_then(|whole| {
        whole
            .checked_mul(scale)?
            .checked_add(part_of(fraction, scale))
    });
    micros.ok_or(ParseDurationError::TooLong)
}

/// Multiplies `0.<fraction>` by `scale`, rounding down.
fn part_of(fraction: &str, scale: u64) -> u64 {
    /// With 18 digits after the decimal point, every scale is exact in a `u128`, and further digits are below a
    /// microsecond.
    const PRECISION: u128 = 10_u128.pow(18);
    let mut unit = u128::from(scale) * PRECISION;
    let digits = fraction.bytes().map(|digit| u128::from(digit - b'0'));
    let sum: u128 = digits
        .map(|digit| {
            unit /= 10;
            unit * digit
        })
        .sum();
    u64::try_from(sum / PRECISION).unwrap_or(scale)
}

/// An error that occurs when a text is not a duration. Its `Display` form describes a valid duration.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseDurationError {
    /// The text is empty, lacks a number or a unit, or has an unknown unit.
    Malformed,
    /// The duration exceeds `u64::MAX` microseconds.
    TooLong,
}

crate::debug_as_display!(ParseDurationError);

impl fmt::Display for ParseDurationError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Malformed => {
                "expected a number and a unit (us, ms, s, m, h, d or w), such as 250ms, 1.5s or 1h30m"
            }
            Self::TooLong => "expected at most 18446744073709551615us",
        })
    }
}

impl std::error::Error for ParseDurationError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn micros(text: &str) -> Result<u128, ParseDurationError> {
        parse(text).map(|duration| duration.as_micros())
    }

    #[test]
    fn a_number_and_a_unit_are_a_duration() {
        for (text, expected) in [
            ("0s", 0),
            ("1us", 1),
            ("250ms", 250_000),
            ("2s", 2_000_000),
            ("2 s", 2_000_000),
            ("3m", 180_000_000),
            ("3min", 180_000_000),
            ("24h", 86_400_000_000),
            ("7d", 604_800_000_000),
            ("2w", 1_209_600_000_000),
        ] {
            assert_eq!(micros(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn fractions_are_exact_to_the_microsecond() {
        for (text, expected) in [
            ("1.5s", 1_500_000),
            ("0.25ms", 250),
            ("0.5us", 0),
            ("1.0000019s", 1_000_001),
            ("0.999999999999999999999999w", 604_799_999_999),
        ] {
            assert_eq!(micros(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn parts_are_added() {
        assert_eq!(micros("1h30m"), Ok(5_400_000_000));
        assert_eq!(micros("1.5h1 min1s"), Ok(5_461_000_000));
    }

    #[test]
    fn a_malformed_duration_is_rejected_with_the_units() {
        for text in [
            "", " ", "2", "s", "h", "1h30", "1h 30m", " 2s", "2s ", "-1s", "+1s", "1.s", ".5s",
            ".s", "1.2.3s", "1e3s", "2S", "24y", "1h,30m", "9é", "٣s",
        ] {
            assert_eq!(parse(text), Err(ParseDurationError::Malformed), "{text}");
        }
        let message = ParseDurationError::Malformed.to_string();
        for (unit, _) in UNITS.iter().filter(|(unit, _)| *unit != "min") {
            assert!(message.contains(unit), "{unit}");
        }
    }

    #[test]
    fn a_duration_that_overflows_is_rejected() {
        assert_eq!(micros("18446744073709551615us"), Ok(u64::MAX.into()));
        for text in [
            "18446744073709551616us",
            "18446744073709551615s",
            "99999999999999999999s",
            "18446744073709551615us1us",
        ] {
            assert_eq!(parse(text), Err(ParseDurationError::TooLong), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_unit_represents_the_same_milliseconds(ms in 0_u64..1_000_000_000) {
            let expected = Ok(u128::from(ms) * 1_000);
            prop_assert_eq!(micros(&format!("{ms}ms")), expected);
            prop_assert_eq!(micros(&format!("{}us", ms * 1_000)), expected);
            prop_assert_eq!(micros(&format!("{}.{:03}s", ms / 1_000, ms % 1_000)), expected);
            prop_assert_eq!(micros(&format!("{}m{}ms", ms / 60_000, ms % 60_000)), expected);
        }

        #[test]
        fn no_text_causes_a_panic(text in any::<String>(), digits in "[0-9]{0,50}\\.?[0-9]{0,50} ?(us|ms|s|m|min|h|d|w)") {
            _ = parse(&text);
            _ = parse(&digits);
        }
    }
}
