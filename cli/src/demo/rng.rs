//! Random numbers that are the same for the same seed.

use fastrand::Rng as Generator;

/// A random number generator with the distributions that the demonstration draws from.
#[derive(Debug)]
pub(super) struct Rng(Generator);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(Generator::with_seed(seed))
    }

    /// Returns a new generator, seeded from this one.
    pub(super) fn fork(&mut self) -> Self {
        Self::new(self.seed())
    }

    /// Returns a seed for another source of random numbers.
    pub(super) fn seed(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// Returns a duration near `millis`, in microseconds; one of twenty-five is three times as long.
    pub(super) fn about(&mut self, millis: u64) -> u64 {
        let usual = millis * self.0.u64(600..1_400);
        if self.0.u8(..100) < 4 {
            usual * 3
        } else {
            usual
        }
    }

    /// Returns a number from 0 up to but not including `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end.max(1))
    }

    /// Returns a number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0.u64(least..=most)
    }

    /// Returns a score with two digits, from `least` to `most` hundredths.
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred")]
    pub(super) fn score(&mut self, least: u64, most: u64) -> f64 {
        self.between(least, most) as f64 / 100.0
    }

    /// Returns one of `values`, or `default` if there are none.
    pub(super) fn pick<T: Copy>(&mut self, values: &[T], default: T) -> T {
        let index = self.0.usize(..values.len().max(1));
        values.get(index).copied().unwrap_or(default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        assert_eq!(Rng::new(7).seed(), Rng::new(7).seed());
        assert_ne!(Rng::new(7).seed(), Rng::new(8).seed());
    }
}
