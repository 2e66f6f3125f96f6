//! Exemplars: the trace of one counted value, stored about once a second.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// The time between two stored exemplars. Scrapers read every few seconds at most, so newer ones would hardly ever
/// be read.
const EVERY_MS: u64 = 1_000;

/// The span that a counted value belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Exemplar {
    /// The trace's UUID; all zero without an exemplar.
    pub(crate) trace_id: [u8; 16],
    /// The span's UUID.
    pub(crate) span_id: [u8; 16],
    /// When the value was counted, in milliseconds since 1970.
    pub(crate) unix_ms: u64,
}

impl Exemplar {
    /// The exemplar of a value outside any trace.
    pub(crate) const NONE: Self = Self {
        trace_id: [0; 16],
        span_id: [0; 16],
        unix_ms: 0,
    };

    #[inline]
    fn is_none(&self) -> bool {
        u128::from_ne_bytes(self.trace_id) == 0
    }
}

/// Writes the label set in the form of OpenMetrics, without value and timestamp.
impl fmt::Display for Exemplar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (trace, span) = (Uuid(self.trace_id), Uuid(self.span_id));
        write!(f, "{{trace_id=\"{trace}\",span_id=\"{span}\"}}")
    }
}

struct Uuid([u8; 16]);

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// The latest exemplar of a series or a bucket.
#[derive(Debug)]
pub(super) struct ExemplarSlot {
    /// The time of the stored exemplar; `u64::MAX`, which is far from any clock, without one.
    last_ms: AtomicU64,
    retained: Mutex<Option<(u64, Exemplar)>>,
}

impl Default for ExemplarSlot {
    fn default() -> Self {
        Self {
            last_ms: AtomicU64::new(u64::MAX),
            retained: Mutex::new(None),
        }
    }
}

impl ExemplarSlot {
    /// Stores the exemplar of a value unless the stored one is from the same second, so the common case is one
    /// relaxed load. `abs_diff`, because a wall clock may be set back.
    #[inline]
    pub(super) fn offer(&self, steps: u64, exemplar: &Exemplar) {
        if exemplar.is_none() || exemplar.unix_ms.abs_diff(self.last_ms.load(Relaxed)) < EVERY_MS {
            return;
        }
        self.store(steps, exemplar);
    }

    /// A writer that finds the lock taken gives up: the other writer's exemplar is as good.
    #[cold]
    fn store(&self, steps: u64, exemplar: &Exemplar) {
        let Some(mut retained) = self.try_lock() else {
            return;
        };
        *retained = Some((steps, *exemplar));
        self.last_ms.store(exemplar.unix_ms, Relaxed);
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, Option<(u64, Exemplar)>>> {
        match self.retained.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Returns the value, in steps, and the stored exemplar.
    pub(super) fn get(&self) -> Option<(u64, Exemplar)> {
        *self.retained.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(unix_ms: u64) -> Exemplar {
        Exemplar {
            trace_id: [1; 16],
            span_id: [2; 16],
            unix_ms,
        }
    }

    #[test]
    fn ids_are_shown_as_uuids() {
        let mut exemplar = at(0);
        exemplar.trace_id = *b"\x01\xa2\x07\x3a\xc4\x18\x72\x59\x92\xe2\x51\x0a\x1a\xd7\x41\x9e";
        assert_eq!(
            exemplar.to_string(),
            "{trace_id=\"01a2073a-c418-7259-92e2-510a1ad7419e\",\
             span_id=\"02020202-0202-0202-0202-020202020202\"}"
        );
    }

    #[test]
    fn one_exemplar_a_second_is_stored() {
        let slot = ExemplarSlot::default();
        slot.offer(1, &at(10_000));
        slot.offer(2, &at(10_999));
        assert_eq!(slot.get(), Some((1, at(10_000))));
        slot.offer(3, &at(11_000));
        assert_eq!(slot.get(), Some((3, at(11_000))));
    }

    #[test]
    fn a_clock_at_zero_or_set_back_still_gives_exemplars() {
        let slot = ExemplarSlot::default();
        slot.offer(1, &at(0));
        assert_eq!(slot.get(), Some((1, at(0))));
        slot.offer(2, &at(90_000));
        slot.offer(3, &at(50_000));
        assert_eq!(slot.get(), Some((3, at(50_000))));
    }

    #[test]
    fn a_value_outside_any_trace_stores_no_exemplar() {
        let slot = ExemplarSlot::default();
        slot.offer(
            1,
            &Exemplar {
                unix_ms: 5_000,
                ..Exemplar::NONE
            },
        );
        assert_eq!(slot.get(), None);
    }

    #[test]
    fn a_locked_slot_is_skipped_and_a_poisoned_one_recovers() {
        let slot = ExemplarSlot::default();
        let guard = slot.retained.lock().unwrap();
        slot.offer(1, &at(1));
        drop(guard);
        assert_eq!(slot.get(), None);
        std::thread::scope(|scope| {
            let poisoner = scope.spawn(|| {
                let _guard = slot.retained.lock().unwrap();
                panic!("poisons the lock on purpose");
            });
            assert!(poisoner.join().is_err());
        });
        slot.offer(2, &at(2));
        assert_eq!(slot.get(), Some((2, at(2))));
    }
}
