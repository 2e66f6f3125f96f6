//! The grammar of a written duration, such as `"250ms"` or `"1.5s"`, in whole microseconds.

/// Microseconds of each unit.
const UNITS: &[(&str, u64)] = &[
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
];

/// Reads a duration, or says what is wrong with it and how it is written.
pub(crate) fn micros(text: &str) -> Result<u64, String> {
    let start = text
        .find(|c: char| c != '.' && !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(start);
    let micros = scale(unit).and_then(|scale| scaled(number, scale)).ok_or_else(|| {
        format!("`{text}` is no duration: write a number and us, ms, s or m, as in \"2s\" or \"1.5s\"")
    })?;
    if micros == 0 {
        return Err(format!(
            "`{text}` is no time at all: write at least \"1us\""
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

/// The number times the scale, what is below a microsecond cut off.
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

/// `fraction` holds the digits behind the point.
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
    fn numbers_with_a_unit_are_read() {
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
    fn anything_else_names_the_cure() {
        for text in [
            "", "2", "s", "2 s", "2h", "-1s", "1.s", ".5s", "1.2.3s", "1e3s", "2S",
        ] {
            let error = micros(text).unwrap_err();
            assert!(error.contains("us, ms, s or m"), "{text}: {error}");
        }
    }

    #[test]
    fn a_threshold_of_zero_or_beyond_measure_is_refused() {
        for text in ["0s", "0.5us", "0.000m"] {
            assert!(
                micros(text).unwrap_err().contains("no time at all"),
                "{text}"
            );
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
