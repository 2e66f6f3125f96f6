//! A running call as the expressions of its annotation see it: what can be recorded of it, and how it is judged.

use std::error::Error;
use std::fmt::Arguments;

use tracing::{Span, Value};

use super::call::State;
use super::event::EventSite;
use crate::dispatch;
use crate::record::{ErrorKind, Level, Outcome};

/// More fields than this are not given to other layers; the attribute refuses them.
const MAX_FIELDS: usize = 32;

/// A call whose body runs, or whose value is being judged.
#[derive(Debug)]
pub struct Running<'a> {
    pub(super) span: &'a Span,
    pub(super) state: &'a mut State,
}

impl Running<'_> {
    /// Records these values as the site's fields from the `first` on.
    pub fn fields(&mut self, first: usize, values: &[&dyn Value]) {
        if let Some(watch) = &mut self.state.watch {
            watch.capture(self.state.site, first, values);
            if watch.is_sole_listener() {
                return;
            }
        }
        self.tell_other_layers(first, values);
    }

    fn tell_other_layers(&self, first: usize, values: &[&dyn Value]) {
        let fields = self.state.site.metadata().fields();
        let mut all: [Option<&dyn Value>; MAX_FIELDS] = [None; MAX_FIELDS];
        for (slot, value) in all.iter_mut().skip(first).zip(values) {
            *slot = Some(*value);
        }
        if let Some(all) = all.get(..fields.len()) {
            dispatch::hushed(|| self.span.record_all(&fields.value_set_all(all)));
        }
    }

    /// A success that found nothing is empty.
    pub fn empty(&mut self, is_empty: bool) {
        if is_empty && self.state.outcome == Outcome::Success {
            self.state.outcome = Outcome::Empty;
        }
    }

    /// The annotation says how the call ended.
    pub fn outcome(&mut self, outcome: Outcome) {
        self.state.outcome = outcome;
        if let Some(watch) = &mut self.state.watch {
            watch.told(outcome);
        }
    }

    /// The annotation says how much a failure matters.
    pub fn failure_level(&mut self, level: impl Into<Level>) {
        if let Some(watch) = &mut self.state.watch {
            watch.failure_level = level.into();
        }
    }

    /// The annotation says what kind of error it is.
    pub fn error_type(&mut self, label: &'static str) {
        if let Some(watch) = &mut self.state.watch {
            watch.label(label);
        }
    }

    /// Emits one of tracing's own events for other layers; ours has its record of the call.
    pub fn tell(&self, event: &'static EventSite, value: &dyn Value) {
        let alone = |watch: &super::watch::Watch| watch.is_sole_listener();
        if !self.state.watch.as_ref().is_some_and(alone) {
            event.emit(value);
        }
    }

    pub(super) fn set_outcome(&mut self, outcome: Outcome) {
        self.state.outcome = outcome;
    }

    /// Whether the value was judged a success, and somebody wants to know more of it.
    pub(super) fn is_success(&self) -> bool {
        let heard = self.state.watch.is_some() || !self.span.is_none();
        self.state.outcome == Outcome::Success && heard
    }

    /// The value was an error.
    pub(super) fn fail(
        &mut self,
        kind: ErrorKind,
        message: Arguments<'_>,
        source: Option<&(dyn Error + 'static)>,
    ) {
        self.state.outcome = Outcome::Error;
        if let Some(watch) = &mut self.state.watch {
            watch.fail(kind, message, source);
        }
    }
}
