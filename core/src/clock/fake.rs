//! A test's own time and chance, on the threads that run its code.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How many fakes are in force in this process; while there is none, no thread looks for its own.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static CURRENT: RefCell<Vec<Arc<Fake>>> = const { RefCell::new(Vec::new()) };
}

/// A fixed time that a test advances, and random numbers that are the same in each run; either may be left real.
#[derive(Debug, Default)]
pub struct Fake {
    /// Microseconds since the Unix epoch.
    now: Option<AtomicU64>,
    /// The state of a SplitMix64, whose numbers no update of a dependency changes.
    chance: Option<AtomicU64>,
}

impl Fake {
    /// Stops time at so many microseconds since the Unix epoch, and starts chance from this seed.
    pub fn new(now: Option<u64>, seed: Option<u64>) -> Self {
        Self {
            now: now.map(AtomicU64::new),
            chance: seed.map(AtomicU64::new),
        }
    }

    /// Advances time; returns false if this fake leaves the time real.
    pub fn advance(&self, by: Duration) -> bool {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        let add = |now: &AtomicU64| now.fetch_add(micros, Ordering::Relaxed);
        self.now.as_ref().map(add).is_some()
    }

    fn now(&self) -> Option<u64> {
        let now = self.now.as_ref()?;
        Some(now.load(Ordering::Relaxed))
    }

    fn random(&self) -> Option<u64> {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let state = self.chance.as_ref()?.fetch_add(STEP, Ordering::Relaxed);
        let mut mixed = state.wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(mixed ^ (mixed >> 31))
    }
}

/// The replacement of the clock on this thread.
pub fn current() -> Option<Arc<Fake>> {
    if ALIVE.load(Ordering::Relaxed) == 0 {
        return None;
    }
    CURRENT
        .try_with(|this_thread| this_thread.try_borrow().ok()?.last().cloned())
        .ok()
        .flatten()
}

/// Microseconds since the Unix epoch; `None` if the time is real.
pub(super) fn now() -> Option<u64> {
    current()?.now()
}

/// Sixty-four bits, where chance is seeded.
pub(super) fn random() -> Option<u64> {
    current()?.random()
}

/// While it lives, this thread has this time and chance.
#[derive(Debug)]
pub struct Entered(());

impl Entered {
    /// Makes this thread read `fake` until the guard is dropped.
    pub fn enter(fake: Arc<Fake>) -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        CURRENT.with_borrow_mut(|this_thread| this_thread.push(fake));
        Self(())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Gone only on a thread that is ending.
        let _gone = CURRENT.try_with(|this_thread| {
            this_thread
                .try_borrow_mut()
                .map(|mut this_thread| this_thread.pop())
        });
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Moment, machine_time, now, random};
    use super::*;

    fn enter(now: Option<u64>, seed: Option<u64>) -> Entered {
        Entered::enter(Arc::new(Fake::new(now, seed)))
    }

    #[test]
    fn time_stands_still_until_it_is_moved() {
        let _guard = enter(Some(1_000_000), None);
        let first = now();
        assert_eq!((first, first.unix_micros()), (now(), 1_000_000));
        assert!(current().is_some_and(|fake| fake.advance(Duration::from_millis(3))));
        assert_eq!(now().micros_since(first), 3_000);
        assert_eq!(now().unix_micros(), 1_003_000);
    }

    #[test]
    fn the_machine_goes_on_and_is_not_compared_with_a_fake() {
        let real = machine_time();
        let _guard = enter(Some(5), None);
        assert!(machine_time() >= real);
        assert_eq!(now().micros_since(real), 0);
        assert_eq!(Moment::default().micros_since(now()), 0);
    }

    #[test]
    fn chance_is_that_of_the_seed_and_of_this_thread_alone() {
        let three = |seed| {
            let _guard = enter(None, Some(seed));
            [random(), random(), random()]
        };
        assert_eq!(three(7), three(7));
        assert_ne!(three(7), three(8));
        // The reference numbers of SplitMix64.
        assert_eq!(three(0)[0], 0xE220_A839_7B1D_CDAF);
        let _guard = enter(None, Some(7));
        assert_ne!(std::thread::spawn(random).join().unwrap(), three(7)[0]);
    }

    #[test]
    fn a_fake_of_time_leaves_chance_real_and_ends_with_its_guard() {
        let one = || {
            let _guard = enter(Some(1), None);
            random()
        };
        assert_ne!(one(), one());
        assert!(current().is_none());
        let _outer = enter(Some(1), None);
        drop(enter(Some(2), None));
        assert_eq!(now().unix_micros(), 1);
    }
}
