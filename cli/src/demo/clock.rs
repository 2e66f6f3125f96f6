//! The time of a simulated request: fixed at its start and advanced by each stage.

use std::sync::Arc;
use std::time::Duration;

use ragspan_core::clock::fake::{Entered, Fake};
use ragspan_core::clock::{now, random};

/// Runs `work` on a clock that starts at `unix_micros`, with ids from `seed`. Returns its value and the time at its end.
pub(super) fn run_at<R>(unix_micros: u64, seed: u64, work: impl FnOnce() -> R) -> (R, u64) {
    let _clock = Entered::enter(Arc::new(Fake::new(Some(unix_micros), Some(seed))));
    let value = work();
    (value, now().unix_micros())
}

/// Moves the time of the current request on.
pub(super) fn spend(micros: u64) {
    ragspan::testing::advance(Duration::from_micros(micros));
}

/// Runs two stages that start at the same time; the time afterwards is that of the later end.
pub(super) fn run_both<A, B>(first: impl FnOnce() -> A, second: impl FnOnce() -> B) -> (A, B) {
    let start = now().unix_micros();
    let (first, first_end) = run_at(start, random(), first);
    let (second, second_end) = run_at(start, random(), second);
    spend(first_end.max(second_end).saturating_sub(start));
    (first, second)
}
