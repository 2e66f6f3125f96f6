//! Formats durations, numbers and money.

/// Formats milliseconds with the unit that fits: `312 µs`, `4.2 ms`, `58 ms`, `1.90 s`, `2 m 05 s`.
#[must_use]
pub fn duration(ms: f64) -> String {
    let ms = if ms.is_finite() { ms.max(0.0) } else { 0.0 };
    if ms < 0.9995 {
        format!("{:.0} µs", ms * 1e3)
    } else if ms < 9.95 {
        format!("{ms:.1} ms")
    } else if ms < 999.5 {
        format!("{ms:.0} ms")
    } else if ms < 59_995.0 {
        format!("{:.2} s", ms / 1e3)
    } else {
        minutes(ms / 1e3)
    }
}

fn minutes(seconds: f64) -> String {
    let whole = seconds.round();
    let minutes = (whole / 60.0).floor();
    if minutes < 60.0 {
        format!("{minutes:.0} m {:02.0} s", whole - minutes * 60.0)
    } else {
        let hours = (minutes / 60.0).floor();
        format!("{hours:.0} h {:02.0} m", minutes - hours * 60.0)
    }
}

/// Formats a number without trailing zeros, and with separated thousands: `11,402`, `0.81`, `0.0035`.
#[must_use]
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 10_000.0 {
        return grouped(&format!("{value:.0}"));
    }
    let digits = if value.abs() < 0.01 { 6 } else { 2 };
    let text = format!("{value:.digits$}");
    let trimmed = text.trim_end_matches('0').trim_end_matches('.');
    if digits == 2 {
        grouped(trimmed)
    } else {
        trimmed.to_owned()
    }
}

/// Separates the thousands before the decimal point.
fn grouped(text: &str) -> String {
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let mut out = String::new();
    for (index, character) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if left % 3 == 0 && out.ends_with(|c: char| c.is_ascii_digit()) {
            out.push(',');
        }
        out.push(character);
    }
    out.extend(fraction.map(|fraction| format!(".{fraction}")));
    out
}

/// Formats US dollars, with as many digits as small amounts need.
#[must_use]
pub fn dollars(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.001 {
        format!("${value:.6}")
    } else if value.abs() < 1.0 {
        format!("${value:.4}")
    } else {
        format!("${}", money(value))
    }
}

fn money(value: f64) -> String {
    grouped(&format!("{value:.2}"))
}

/// Formats the digits of an integer, also of one that no float holds, with separated thousands.
pub(crate) fn integer(digits: &str) -> String {
    grouped(digits)
}

/// Formats a count with separated thousands.
#[expect(clippy::cast_precision_loss, reason = "exact up to 9e15")]
pub(crate) fn count(count: usize) -> String {
    number(count as f64)
}

/// Returns the milliseconds from one time in microseconds to another.
#[expect(clippy::cast_precision_loss, reason = "shown to three digits")]
pub(crate) fn offset_ms(from_us: i64, to_us: i64) -> f64 {
    to_us.saturating_sub(from_us) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_have_the_unit_that_fits() {
        for (ms, text) in [
            (0.0, "0 µs"),
            (0.312, "312 µs"),
            (0.9999, "1.0 ms"),
            (4.21, "4.2 ms"),
            (9.96, "10 ms"),
            (58.4, "58 ms"),
            (999.6, "1.00 s"),
            (1900.0, "1.90 s"),
            (59_999.0, "1 m 00 s"),
            (125_000.0, "2 m 05 s"),
            (7_500_000.0, "2 h 05 m"),
            (-3.0, "0 µs"),
            (f64::NAN, "0 µs"),
        ] {
            assert_eq!(duration(ms), text, "{ms}");
        }
    }

    #[test]
    fn numbers_are_short_and_grouped() {
        for (value, text) in [
            (0.0, "0"),
            (15.0, "15"),
            (999.0, "999"),
            (11_402.0, "11,402"),
            (-1_234_567.0, "-1,234,567"),
            (0.81, "0.81"),
            (1234.5, "1,234.5"),
            (0.0035, "0.0035"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn small_amounts_keep_their_digits() {
        assert_eq!(dollars(0.0011), "$0.0011");
        assert_eq!(dollars(0.000_138), "$0.000138");
        assert_eq!(dollars(0.0), "$0.0000");
        assert_eq!(dollars(1234.5), "$1,234.50");
    }

    proptest! {
        #[test]
        fn any_number_is_formatted(value in any::<f64>()) {
            prop_assert!(!number(value).is_empty());
            prop_assert!(!duration(value).is_empty());
        }
    }
}
