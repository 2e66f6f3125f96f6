//! The parser of durations such as `"250ms"` or `"1.5s"`.

/// Microseconds of each unit.
const UNITS: &[(&str, u64)] = &[
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
];

/// Parses a duration and returns whole microseconds.
///
/// A duration is a decimal number followed by `us`, `ms`, `s` or `m`, without spaces. The error message names the
/// expected format. A duration below one microsecond is an error.
pub(crate) fn micros(text: &str) -> Result<u64, String> {
    let start = text
        .find(|c: char| c != '.' && !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(start);
    let micros = scale(unit).and_then(|scale| scaled(number, scale)).ok_or_else(|| {
        format!("`{text}` is not a duration: write a number and us, ms, s or m, as in \"2s\" or \"1.5s\"")
    })?;
    if micros == 0 {
        return Err(format!(
            "`{text}` is shorter than a microsecond: write at least \"1us\""
        ));
    }
    Ok(micros)
}

fn scale(unit: &str) -> Option<u64> {
    UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, scale)| *scale)
}

/// Returns the number times the scale, rounded down to whole microseconds.
fn scaled(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = match number.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (number, ""),
    };
    let whole: u64 = whole.parse().ok()?;
    whole
        .checked_mul(scale)?
        .checked_add(fraction_of(fraction, scale)?)
}

/// Returns the microseconds of the digits after the decimal point.
fn fraction_of(fraction: &str, scale: u64) -> Option<u64> {
    let mut rest = u128::from(scale) * 10_u128.pow(18);
    let mut sum = 0;
    for digit in fraction.chars() {
        rest /= 10;
        sum += rest * u128::from(digit.to_digit(10)?);
    }
    u64::try_from(sum / 10_u128.pow(18)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_with_a_unit_is_parsed() {
        for (text, expected) in [
            ("1us", 1),
            ("250ms", 250_000),
            ("2s", 2_000_000),
            ("1.5s", 1_500_000),
            ("0.25ms", 250),
            ("1.0000019s", 1_000_001),
            ("3m", 180_000_000),
        ] {
            assert_eq!(micros(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_invalid_duration_is_rejected_with_the_expected_format() {
        for text in [
            "", "2", "s", "2 s", "2h", "-1s", "1.s", ".5s", "1.2.3s", "1e3s", "2S",
        ] {
            let error = micros(text).unwrap_err();
            assert!(error.contains("us, ms, s or m"), "{text}: {error}");
        }
    }

    #[test]
    fn a_duration_of_zero_or_beyond_u64_is_rejected() {
        for text in ["0s", "0.5us", "0.000m"] {
            assert!(micros(text).unwrap_err().contains("shorter than"), "{text}");
        }
        assert!(micros("99999999999999999999s").is_err());
        assert!(micros("18446744073709551615s").is_err());
    }

    proptest! {
        #[test]
        fn whole_milliseconds_survive_in_every_unit(ms in 1u64..1_000_000_000) {
            prop_assert_eq!(micros(&format!("{ms}ms")), Ok(ms * 1_000));
            prop_assert_eq!(micros(&format!("{}us", ms * 1_000)), Ok(ms * 1_000));
            prop_assert_eq!(micros(&format!("{}.{:03}s", ms / 1_000, ms % 1_000)), Ok(ms * 1_000));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            prop_assert_ne!(micros(&text), Ok(0));
        }

        #[test]
        fn long_digits_do_not_panic(text in "[0-9]{0,50}\\.?[0-9]{0,50}(us|ms|s|m)") {
            prop_assert_ne!(micros(&text), Ok(0));
        }
    }
}
