//! Exact decimals: integers stored in steps of a unit, and their text form.

use std::fmt;

/// The largest recorded value: larger than any sensible one, and small enough that sums don't wrap: 285 years in
/// microseconds, nine million dollars in billionths.
pub(super) const LARGEST: u64 = 1 << 53;

/// `steps / per_one`, as an exact decimal; `per_one` is a power of ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    steps: i128,
    per_one: u64,
}

impl Number {
    pub(super) fn new(steps: impl Into<i128>, per_one: u64) -> Self {
        Self {
            steps: steps.into(),
            per_one: per_one.max(1),
        }
    }

    #[cfg(any(test, feature = "testing"))]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a float is what the caller asked for"
    )]
    pub(super) fn to_f64(self) -> f64 {
        self.steps as f64 / self.per_one as f64
    }

    /// The form of a bucket's edge: always a float, as Prometheus 3 and the Python client have
    /// it, so that the series are the same whichever format was scraped.
    pub(super) fn edge(self) -> String {
        let text = self.to_string();
        if text.contains('.') {
            text
        } else {
            text + ".0"
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, per_one) = (self.steps.unsigned_abs(), u128::from(self.per_one));
        let sign = if self.steps < 0 { "-" } else { "" };
        write!(f, "{sign}{}", size / per_one)?;
        let rest = size % per_one;
        if rest == 0 {
            return Ok(());
        }
        let digits = self.per_one.ilog10() as usize;
        write!(f, ".{}", format!("{rest:0digits$}").trim_end_matches('0'))
    }
}

/// Converts a float to whole steps: rounded, at least zero and at most [`LARGEST`]; `None` for NaN.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates"
)]
#[expect(
    clippy::cast_precision_loss,
    reason = "the factors are powers of ten under 2^53"
)]
pub(super) fn steps(value: f64, per_one: u64) -> Option<u64> {
    if value.is_nan() {
        return None;
    }
    Some(((value * per_one as f64).round() as u64).min(LARGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimals_are_exact_and_short() {
        let nano = |steps: i128| Number::new(steps, 1_000_000_000).to_string();
        assert_eq!(nano(0), "0");
        assert_eq!(nano(1), "0.000000001");
        assert_eq!(nano(12_500_000_000), "12.5");
        assert_eq!(nano(-250_000_000), "-0.25");
        assert_eq!(Number::new(u64::MAX, 1).to_string(), "18446744073709551615");
        assert_eq!(Number::new(i64::MIN, 1).to_string(), "-9223372036854775808");
    }

    #[test]
    fn edges_are_floats() {
        assert_eq!(Number::new(2_000_000_u64, 1_000).edge(), "2000.0");
        assert_eq!(Number::new(2_500_u64, 1_000).edge(), "2.5");
    }

    #[test]
    fn floats_outside_the_range_are_clamped_and_nan_is_none() {
        assert_eq!(steps(f64::NAN, 1), None);
        assert_eq!(steps(-3.0, 1_000), Some(0));
        assert_eq!(steps(f64::INFINITY, 1_000), Some(LARGEST));
        assert_eq!(steps(0.000_000_001_4, 1_000_000_000), Some(1));
        assert_eq!(steps(0.7, 1_000_000_000), Some(700_000_000));
    }

    proptest! {
        #[test]
        fn a_decimal_reads_back_as_the_nearest_float(steps in any::<i64>(), digits in 0_u32..=9) {
            let number = Number::new(steps, 10_u64.pow(digits));
            let read: f64 = number.to_string().parse().unwrap();
            let near = number.to_f64();
            prop_assert!((read - near).abs() <= near.abs() * f64::EPSILON);
        }
    }
}
