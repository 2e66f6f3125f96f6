//! The events of a step, and the order of its records.

use ragspan::Context;

use super::plan::Mark;

/// The records of one step in the order in which they come.
pub(super) const BEFORE: u32 = 0;
pub(super) const STARTED: u32 = 1;
pub(super) const INSIDE: u32 = 2;
pub(super) const LAST: u32 = 3;
pub(super) const ENDED: u32 = 4;
pub(super) const AFTER: u32 = 5;
pub(super) const DROPPED: u32 = 6;

/// Events outside of all requests have no step.
pub(super) const OUTSIDE: Mark = 0;

/// Emits an event at ERROR, so that no filter of these tests hides it.
pub(super) fn emit(mark: Mark, rank: u32) {
    let context = Context::current();
    let current = context.span_id().map(tracing::field::display);
    tracing::error!(mark, rank, current, "emitted");
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
