//! Statistics over the durations of calls.

/// Returns the nearest-rank percentile: a value that occurs in `sorted`, or zero if `sorted` is empty.
///
/// ```
/// use ragspan_core::stats::percentile;
///
/// assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 50), 2.0);
/// ```
#[must_use]
pub fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occur() {
        let values: Vec<_> = (1..=20).map(f64::from).collect();
        let read = |percent| percentile(&values, percent);
        assert_eq!(
            [read(50), read(95), read(99), read(100)],
            [10.0, 19.0, 20.0, 20.0]
        );
        assert_eq!(percentile(&[7.0], 95), 7.0);
        assert_eq!(percentile(&[], 50), 0.0);
    }
}
