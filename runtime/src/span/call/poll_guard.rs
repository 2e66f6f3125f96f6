//! A poll of a call's body, inside the span.

use super::lifecycle::Call;

/// A guard that keeps the span entered during one poll.
///
/// A panic that unwinds through the poll is stored at once, since the polled future may be dropped much later.
#[derive(Debug)]
pub(in crate::span) struct PollGuard<'a>(&'a mut Call);

impl<'a> PollGuard<'a> {
    #[inline(never)]
    pub(in crate::span) fn enter(call: &'a mut Call) -> Self {
        call.enter();
        Self(call)
    }

    pub(in crate::span) fn call(&mut self) -> &mut Call {
        self.0
    }

    /// Starts the classification of the value inside the span. The call ends when the guard is dropped.
    #[inline(always)]
    pub(in crate::span) fn start_classifying(&mut self) -> &mut Call {
        self.0.start_classifying()
    }
}

impl Drop for PollGuard<'_> {
    #[inline(never)]
    fn drop(&mut self) {
        self.0.end_poll();
    }
}
