//! The states of a call.

use crate::record::Outcome;

/// The phase of a call's life.
///
/// ```text
/// Pending ──first poll──> Running ──value──> Classified ──> Ended
///                            ^                   │
///                            └──── next item ────┘    of a stream, or the body of an HTTP response
/// ```
///
/// A call dropped before `Ended` ends by [`OnDrop::outcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The function was called, and its future was not polled yet: the span is not open.
    Pending,
    /// The body runs or waits for its next poll. The outcome is not known.
    Running,
    /// The outcome was read from the value. A drop ends the call with it.
    Classified,
    /// The record was emitted.
    Ended,
}

/// The meaning of dropping a call that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnDrop {
    /// The body or the classification runs on the stack: it panics, or its macro-generated `return` skipped the
    /// classification.
    Unwinding,
    /// The body is a future, a stream or an HTTP body that was given up.
    Cancelled,
    /// The same, and the body itself is being dropped inside the span: a panic now is the call's own.
    CancelledInside,
}

impl OnDrop {
    /// Returns the outcome of a call dropped in this phase. `has_panicked` is whether the thread unwinds by a panic
    /// that began after the call was last entered.
    pub(super) fn outcome(self, phase: Phase, classified: Outcome, has_panicked: bool) -> Outcome {
        if has_panicked && self != Self::Cancelled {
            return Outcome::Panic;
        }
        match (phase, self) {
            (Phase::Classified, _) => classified,
            (_, Self::Unwinding) => Outcome::Success,
            (_, Self::Cancelled | Self::CancelledInside) => Outcome::Cancelled,
        }
    }
}

/// Whether the thread is inside the span of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SpanPosition {
    /// The span was not entered yet; the first time emits the `_started` record.
    NotEntered,
    Inside,
    Outside,
}
