//! What a step says of itself, and which of its records comes before which.

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

/// What is said outside of all requests has no step.
pub(super) const OUTSIDE: Mark = 0;

/// Of level ERROR, so that no filter here hides it.
pub(super) fn emit(mark: Mark, rank: u32) {
    let context = Context::current();
    let current = context.span_id().map(tracing::field::display);
    tracing::error!(mark, rank, current, "said");
}

/// Says something where nothing is around it.
pub(super) fn emit_outside() {
    emit(OUTSIDE, BEFORE);
}

/// Says something when it is dropped.
pub(super) struct Guard(pub(super) Mark);

impl Drop for Guard {
    fn drop(&mut self) {
        emit(self.0, DROPPED);
    }
}
