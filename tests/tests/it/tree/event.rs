//! The events that a step emits, and the order of its records.

use ragspan::Context;

use super::plan::Mark;

/// The ranks of the records of one step, in their order.
pub(super) const BEFORE: u32 = 0;
pub(super) const STARTED: u32 = 1;
pub(super) const INSIDE: u32 = 2;
pub(super) const LAST: u32 = 3;
pub(super) const ENDED: u32 = 4;
pub(super) const AFTER: u32 = 5;
pub(super) const DROPPED: u32 = 6;

/// The number of events outside of all requests, which have no step.
pub(super) const OUTSIDE: Mark = 0;

/// Emits an event of a step, of level ERROR, so that no filter of the tests disables it.
pub(super) fn emit(mark: Mark, rank: u32) {
    let context = Context::current();
    let current = context.span_id().map(tracing::field::display);
    tracing::error!(mark, rank, current, "step");
}

/// Emits an event outside of all requests.
pub(super) fn emit_outside() {
    emit(OUTSIDE, BEFORE);
}

/// Emits an event when it is dropped.
pub(super) struct Guard(pub(super) Mark);

impl Drop for Guard {
    fn drop(&mut self) {
        emit(self.0, DROPPED);
    }
}
