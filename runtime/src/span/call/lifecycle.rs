//! One call of an annotated function, from its start to its end.
//!
//! A call ends exactly once: after its value was classified, or by [`Drop`] if it panicked or its future was dropped.
//! The functions that expansions call are not generic where possible, so that they are compiled once and not for each
//! annotated function.

use tracing::{Span, Value};

use super::pending::PendingCall;
use super::phase::{OnDrop, Phase, SpanPosition};
use super::record_fields::record_fields;
use super::start::{Listeners, start};
use crate::record::{ErrorKind, Outcome};
use crate::span::callsite::SpanCallsite;
use crate::span::observer::CallObserver;
use crate::span::options::SpanOptions;
use crate::span::panic_report::PanicReport;
use crate::trace::thread;

/// A call of an annotated function.
#[derive(Debug)]
pub struct Call {
    pub(in crate::span) callsite: &'static SpanCallsite,
    pub(in crate::span) span: Span,
    /// Present until the call ends, if there is a pipeline.
    pub(in crate::span) observer: Option<CallObserver>,
    pub(super) phase: Phase,
    /// Present in [`Phase::Pending`] only. It is not a field of the variant, so that changing the phase is a plain
    /// store.
    pub(super) pending: Option<Box<PendingCall>>,
    on_drop: OnDrop,
    position: SpanPosition,
    /// The outcome of the last classification. A stream or an HTTP body keeps it when it continues.
    pub(in crate::span) outcome: Outcome,
    /// The panic that unwound through a poll.
    panic: Option<Box<PanicReport>>,
    /// The thread was already unwinding when the call was created or last entered, so a panic is not its own.
    entered_while_unwinding: bool,
    /// The span is enabled or there is a pipeline.
    is_enabled: bool,
}

impl Call {
    #[inline]
    pub(super) fn running(
        callsite: &'static SpanCallsite,
        span: Span,
        observer: Option<CallObserver>,
    ) -> Self {
        let is_enabled = observer.is_some() || !span.is_none();
        Self {
            callsite,
            span,
            observer,
            phase: Phase::Running,
            pending: None,
            on_drop: OnDrop::Unwinding,
            position: SpanPosition::NotEntered,
            outcome: Outcome::Success,
            panic: None,
            entered_while_unwinding: std::thread::panicking(),
            is_enabled,
        }
    }

    /// Creates a call that starts with the first poll of the future that the function returns.
    pub(super) fn pending(
        callsite: &'static SpanCallsite,
        options: SpanOptions,
        values: &[&dyn Value],
    ) -> Self {
        let mut call = Self::running(callsite, Span::none(), None);
        let pending = PendingCall::new(callsite, options, values);
        call.phase = Phase::Pending;
        call.pending = Some(Box::new(pending));
        call.is_enabled = true;
        call
    }

    /// Returns whether the span is enabled or there is a pipeline.
    #[must_use]
    #[inline(always)]
    pub fn has_listeners(&self) -> bool {
        self.is_enabled
    }

    /// Enters the span. The first time starts a pending call, and emits the `_started` record if DEBUG is enabled.
    #[inline(never)]
    pub fn enter(&mut self) {
        if self.phase == Phase::Pending {
            self.start_pending();
        }
        if self.position == SpanPosition::NotEntered
            && let Some(observer) = &self.observer
        {
            observer.emit_started(self.callsite);
        }
        // A span that was not entered yet was opened just now, on this thread.
        if self.position == SpanPosition::NotEntered || !thread::is_ending() {
            self.span.with_subscriber(|(id, to)| to.enter(id));
            self.position = SpanPosition::Inside;
        }
        self.entered_while_unwinding = std::thread::panicking();
    }

    /// Starts a pending call, unless its listeners are gone.
    #[cold]
    fn start_pending(&mut self) {
        self.phase = Phase::Running;
        let (Some(mut pending), Some(listeners)) =
            (self.pending.take(), Listeners::find(self.callsite))
        else {
            return;
        };
        let options = std::mem::take(&mut pending.options);
        let (created, after) = pending.values();
        let (span, observer) = start(self.callsite, listeners, options, &created);
        self.is_enabled = observer.is_some() || !span.is_none();
        (self.span, self.observer) = (span, observer);
        self.entered_while_unwinding = std::thread::panicking();
        if !after.is_empty() {
            let (callsite, first) = (self.callsite, created.len());
            record_fields(callsite, &self.span, self.observer.as_mut(), first, &after);
        }
        if let (Some(observer), Some(model)) = (&mut self.observer, &pending.model) {
            observer.model(model);
        }
    }

    /// Prepares for the drop of the body, which happens inside the span unless the call never started. The call
    /// itself is dropped after it.
    #[inline(never)]
    pub(in crate::span) fn enter_to_drop(&mut self) {
        if self.phase != Phase::Pending {
            self.enter();
            if self.on_drop == OnDrop::Cancelled {
                self.on_drop = OnDrop::CancelledInside;
            }
        }
    }

    pub(in crate::span) fn leave(&mut self) {
        if self.position == SpanPosition::Inside {
            self.position = SpanPosition::Outside;
            self.span.with_subscriber(|(id, to)| to.exit(id));
        }
    }

    /// Ends the call with the outcome of its value.
    #[inline]
    pub(in crate::span) fn end(&mut self) {
        self.leave();
        self.phase = Phase::Ended;
        if let Some(observer) = self.observer.take() {
            observer.finish(self.callsite, &self.span, self.outcome);
        }
    }

    /// Starts the classification of the value. The annotation's expressions are user code and may panic.
    #[inline(always)]
    pub(in crate::span) fn start_classifying(&mut self) -> &mut Self {
        self.on_drop = OnDrop::Unwinding;
        self.phase = Phase::Classified;
        self
    }

    /// Makes a drop of the call a cancellation.
    #[inline(always)]
    pub(in crate::span) fn mark_cancellable(&mut self) {
        self.on_drop = OnDrop::Cancelled;
    }

    /// Continues after a classification, as a stream does after each item. A drop is a cancellation again.
    #[inline]
    pub(in crate::span) fn resume(&mut self) {
        self.mark_cancellable();
        if self.phase == Phase::Classified {
            self.phase = Phase::Running;
        }
    }

    /// Sets the outcome of the value.
    #[inline]
    pub(in crate::span) fn set_outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.phase = Phase::Classified;
    }

    /// Returns whether the value was classified as a success and the call has listeners.
    pub(in crate::span) fn is_success(&self) -> bool {
        self.outcome == Outcome::Success && self.is_enabled
    }

    /// Sets whether a drop ends the call with its last outcome, or is a cancellation.
    #[cfg(feature = "http")]
    pub(in crate::span) fn set_has_outcome(&mut self, has_outcome: bool) {
        self.phase = if has_outcome {
            Phase::Classified
        } else {
            Phase::Running
        };
    }

    /// Leaves the span after a poll: stores a panic that unwinds through it, or ends a call whose value was classified.
    #[inline(never)]
    pub(super) fn end_poll(&mut self) {
        self.leave();
        if self.has_panicked() {
            self.panic
                .get_or_insert_with(|| Box::new(PanicReport::last()));
        } else if self.phase == Phase::Classified {
            self.end();
        }
    }

    /// Returns whether the thread unwinds by a panic that began after the call was last entered.
    fn has_panicked(&self) -> bool {
        std::thread::panicking() && !self.entered_while_unwinding
    }

    fn outcome_of_drop(&self) -> Outcome {
        if self.panic.is_some() {
            return Outcome::Panic;
        }
        self.on_drop
            .outcome(self.phase, self.outcome, self.has_panicked())
    }
}

impl Drop for Call {
    #[inline(never)]
    fn drop(&mut self) {
        let outcome = self.outcome_of_drop();
        // A function that panicked before it could return its future was called all the same.
        if outcome == Outcome::Panic && self.phase == Phase::Pending {
            self.start_pending();
        }
        self.leave();
        let Some(mut observer) = self.observer.take() else {
            return;
        };
        match outcome {
            Outcome::Panic => {
                let panic = self.panic.take();
                let panic = panic.map_or_else(PanicReport::last, |panic| *panic);
                let message = format_args!("{}", panic.message);
                observer.fail(ErrorKind::Label("panic"), message, None);
                if let Some(backtrace) = &panic.backtrace {
                    observer.panic_backtrace(backtrace);
                }
            }
            Outcome::Cancelled => observer.record_cancellation(),
            _ => {}
        }
        observer.finish(self.callsite, &self.span, outcome);
        if thread::is_ending() {
            thread::close(std::mem::replace(&mut self.span, Span::none()));
        }
    }
}
