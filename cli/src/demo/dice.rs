//! Chance that can be had again: the same seed throws the same.

use fastrand::Rng;

/// Chance, and what is made of it.
#[derive(Debug)]
pub(super) struct Dice(Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// About so many milliseconds, in microseconds; now and then a good deal more.
    pub(super) fn about(&mut self, millis: u64) -> u64 {
        let usual = millis * self.0.u64(600..1_400);
        if self.0.u8(..100) < 4 {
            usual * 3
        } else {
            usual
        }
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0.u64(..end.max(1))
    }

    pub(super) fn between(&mut self, least: u64, most: u64) -> u64 {
        self.0.u64(least..=most)
    }

    /// Between 0 and 1, two digits.
    #[expect(clippy::cast_precision_loss, reason = "at most a hundred")]
    pub(super) fn score(&mut self, least: u64, most: u64) -> f64 {
        self.between(least, most) as f64 / 100.0
    }

    pub(super) fn of<T: Copy>(&mut self, things: &[T], usual: T) -> T {
        let place = self.0.usize(..things.len().max(1));
        things.get(place).copied().unwrap_or(usual)
    }

    /// Bytes that stand for the process that made the records.
    pub(super) fn boot(&mut self) -> [u8; 16] {
        self.0.u128(..).to_be_bytes()
    }

    /// A version 7 UUID made at `micros` since the epoch.
    pub(super) fn id(&mut self, micros: u64) -> String {
        let made = u128::from(micros / 1_000) << 80;
        let chance = self.0.u128(..) & 0x0fff_3fff_ffff_ffff_ffff;
        let digits = format!("{:032x}", made | 0x7000_8000_0000_0000_0000 | chance);
        let piece = |from, to| digits.get(from..to).unwrap_or_default();
        [
            piece(0, 8),
            piece(8, 12),
            piece(12, 16),
            piece(16, 20),
            piece(20, 32),
        ]
        .join("-")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_version_7_and_say_when_they_were_made(seed: u64, micros in 0_u64..1 << 50) {
            let id = Dice::new(seed).id(micros);
            prop_assert_eq!(id.len(), 36);
            let digits = id.replace('-', "");
            let beginning = format!("{:012x}7", micros / 1_000);
            prop_assert!(digits.starts_with(&beginning));
            prop_assert!(digits.chars().nth(16).is_some_and(|digit| "89ab".contains(digit)));
        }
    }

    #[test]
    fn the_same_seed_throws_the_same() {
        assert_eq!(Dice::new(7).id(5), Dice::new(7).id(5));
        assert_ne!(Dice::new(7).id(5), Dice::new(8).id(5));
    }
}
