//! Time and randomness enter here, and nowhere else.
//!
//! One monotonic clock is read; wall time is derived from an anchor taken once, so a call costs two
//! readings and a duration never runs backwards. All times are whole microseconds.
//! `tests/layers.rs` fails when another module reads a clock or a random source.

#[cfg(feature = "testing")]
pub mod fake;
mod text;

pub use text::rfc3339;

use std::cell::RefCell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Marks a moment of a test's own time, which is counted from the Unix epoch.
const FAKE: u64 = 1 << 63;

/// A point on the monotonic clock, in microseconds since the process first asked for the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// Microseconds from `earlier` to here; zero if `earlier` is later, or if only one of them is of a test's own time.
    pub fn micros_since(self, earlier: Self) -> u64 {
        if self.is_fake() != earlier.is_fake() {
            return 0;
        }
        self.0.saturating_sub(earlier.0)
    }

    const fn is_fake(self) -> bool {
        cfg!(feature = "testing") && self.0 & FAKE != 0
    }

    #[cfg(any(test, feature = "testing"))]
    /// Returns the moment this many microseconds after the anchor.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// This moment as microseconds since the Unix epoch.
    pub fn unix_micros(self) -> u64 {
        if self.is_fake() {
            return self.0 & !FAKE;
        }
        let offset = OFFSET.load(Ordering::Relaxed);
        self.0.saturating_add_signed(offset)
    }
}

static ANCHOR: LazyLock<Instant> = LazyLock::new(|| {
    let now = Instant::now();
    OFFSET.store(wall_micros(), Ordering::Relaxed);
    now
});

/// The number to add to a [`Moment`] to get Unix microseconds.
static OFFSET: AtomicI64 = AtomicI64::new(0);

/// The current moment; in a test that has stopped time, that one.
pub fn now() -> Moment {
    #[cfg(feature = "testing")]
    if let Some(frozen) = fake::now() {
        return Moment(FAKE | frozen);
    }
    machine_time()
}

/// Returns true if a test has stopped time on this thread, so that its records are the same in each run.
pub fn is_stopped() -> bool {
    #[cfg(feature = "testing")]
    let is_stopped = fake::now().is_some();
    #[cfg(not(feature = "testing"))]
    let is_stopped = false;
    is_stopped
}

/// The current moment also where a test has stopped time: for limits on what the machine does.
pub fn machine_time() -> Moment {
    let since = ANCHOR.elapsed();
    Moment(since.as_secs() * 1_000_000 + u64::from(since.subsec_micros()))
}

/// Follows the wall clock again after it was set or slewed; the worker calls this now and then.
/// A difference under 20 ms is left alone, so that ordinary scheduling noise moves nothing.
pub fn follow_wall_clock() {
    let now = machine_time();
    let error = wall_micros().saturating_sub_unsigned(now.unix_micros());
    if error.abs() > 20_000 {
        OFFSET.fetch_add(error, Ordering::Relaxed);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that asks the system"
)]
fn wall_micros() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        })
}

thread_local! {
    static RANDOM: RefCell<fastrand::Rng> = RefCell::new(fastrand::Rng::with_seed(system_random()));
}

/// Sixty-four random bits: fast, seeded by the operating system for each thread, not for secrets.
pub fn random() -> u64 {
    #[cfg(feature = "testing")]
    if let Some(seeded) = fake::random() {
        return seeded;
    }
    RANDOM
        .try_with(|random| {
            random
                .try_borrow_mut()
                .map(|mut random| random.u64(..))
                .ok()
        })
        .ok()
        .flatten()
        .unwrap_or_else(system_random)
}

/// Sixty-four bits from the operating system; from the clock if that has none to give.
fn system_random() -> u64 {
    getrandom::u64().unwrap_or_else(|_| {
        machine_time()
            .unix_micros()
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
    })
}

/// Bytes for a secret, from the operating system; none if that has none to give.
pub fn secret() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_never_run_backwards_and_follow_the_wall_clock() {
        let first = now();
        let second = now();
        assert!(second >= first);
        follow_wall_clock();
        let wall = wall_micros().unsigned_abs();
        assert!(wall.abs_diff(now().unix_micros()) < 5_000_000);
    }

    #[test]
    fn a_duration_is_never_negative() {
        assert_eq!(Moment(5).micros_since(Moment(9)), 0);
        assert_eq!(Moment(9).micros_since(Moment(5)), 4);
    }

    #[test]
    fn random_differs_between_calls_and_threads() {
        let this_thread = [random(), random()];
        let there = std::thread::spawn(random).join().unwrap();
        assert_ne!(this_thread[0], this_thread[1]);
        assert!(!this_thread.contains(&there));
    }

    #[test]
    fn no_secret_is_made_twice() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_ne!(one, other);
        assert_ne!(one, [0; 32]);
    }
}
