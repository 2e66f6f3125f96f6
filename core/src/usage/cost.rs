//! The cost of calls in whole billionths of a US dollar, which add up exactly.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

/// Billionths in a dollar.
const NANOS: u64 = 1_000_000_000;

/// A sum of US dollars, kept in nano-dollars (billionths): whole numbers add up exactly, in any order.
///
/// ```
/// use ragspan::Cost;
///
/// let calls = [Cost::from_nano_dollars(150), Cost::from_nano_dollars(72_000)];
/// let bill: Cost = calls.into_iter().sum();
/// assert_eq!(bill.to_string(), "0.00007215");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(u64);

impl Cost {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Returns a cost of this many billionths of a dollar.
    #[must_use]
    pub const fn from_nano_dollars(nanos: u64) -> Self {
        Self(nanos)
    }

    /// So many dollars, rounded to the nearest nano-dollar; `None` for what is no cost: less than nothing, NaN,
    /// or infinite.
    ///
    /// ```
    /// use ragspan::Cost;
    ///
    /// assert_eq!(Cost::from_dollars(0.0021), Some(Cost::from_nano_dollars(2_100_000)));
    /// assert_eq!(Cost::from_dollars(-1.0), None);
    /// ```
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "`as` saturates, and the factor is a power of ten under 2^53"
    )]
    pub fn from_dollars(dollars: f64) -> Option<Self> {
        let fits = dollars.is_finite() && dollars >= 0.0;
        fits.then(|| Self((dollars * NANOS as f64).round() as u64))
    }

    /// In billionths of a dollar.
    #[must_use]
    pub const fn nano_dollars(self) -> u64 {
        self.0
    }

    /// In dollars, as near as a float comes.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a float is what the caller asked for"
    )]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / NANOS as f64
    }
}

/// As an exact decimal of dollars.
impl fmt::Display for Cost {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / NANOS, self.0 % NANOS);
        if rest == 0 {
            return write!(out, "{whole}");
        }
        let decimals = format!("{rest:09}");
        write!(out, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

/// A sum that does not fit is the largest number.
impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cost_is_shown_in_dollars_and_to_the_last_billionth() {
        let shown = |nanos| Cost::from_nano_dollars(nanos).to_string();
        assert_eq!(shown(0), "0");
        assert_eq!(shown(1), "0.000000001");
        assert_eq!(shown(2_500_000_000), "2.5");
        assert_eq!(shown(u64::MAX), "18446744073.709551615");
    }

    #[test]
    fn what_is_no_cost_is_none() {
        for dollars in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.01] {
            assert_eq!(Cost::from_dollars(dollars), None, "{dollars}");
        }
        assert_eq!(Cost::from_dollars(-0.0), Some(Cost::ZERO));
        assert_eq!(Cost::from_dollars(1e30), Some(Cost(u64::MAX)));
    }

    #[test]
    fn sums_stop_at_the_largest_number() {
        let all = [Cost(u64::MAX), Cost(1), Cost(7)];
        assert_eq!(all.into_iter().sum::<Cost>(), Cost(u64::MAX));
    }

    proptest! {
        #[test]
        fn a_shown_cost_reads_back_as_the_same(nanos in 0..1_u64 << 50) {
            let cost = Cost::from_nano_dollars(nanos);
            let read: f64 = cost.to_string().parse().unwrap();
            prop_assert_eq!(Cost::from_dollars(read), Some(cost));
            prop_assert_eq!(Cost::from_dollars(cost.dollars()), Some(cost));
        }
    }
}
