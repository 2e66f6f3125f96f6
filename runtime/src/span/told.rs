//! What the expressions of an annotation tell a call: values that are recorded of it, and how it is judged.

use std::error::Error;
use std::fmt::{Arguments, Debug, Display};

use tracing::Value;

use super::call::Call;
use super::document::Documents;
use super::event::EventCallsite;
use super::panics;
use super::probe::{ErrorFields, ErrorType};
use super::value::{ToCost, ToUsage};
use crate::dispatch;
use crate::record::{ErrorKind, Level, Outcome};
use crate::value::{Value as Number, bounded};
use ragspan_core::record::keys;

/// More fields than this are not given to other layers; the attribute refuses them.
const MAX_FIELDS: usize = 32;

impl Call {
    /// Records these values as the site's fields from the `first` on.
    #[inline(never)]
    pub fn fields(&mut self, first: usize, values: &[&dyn Value]) {
        if let Some(pending) = &mut self.pending {
            return pending.hold(self.site, values);
        }
        if let Some(watch) = &mut self.watch {
            watch.capture(self.site, first, values);
            if watch.is_sole_listener() {
                return;
            }
        }
        self.tell_other_layers(first, values);
    }

    fn tell_other_layers(&self, first: usize, values: &[&dyn Value]) {
        let fields = self.site.metadata().fields();
        let mut all: [Option<&dyn Value>; MAX_FIELDS] = [None; MAX_FIELDS];
        for (slot, value) in all.iter_mut().skip(first).zip(values) {
            *slot = Some(*value);
        }
        if let Some(all) = all.get(..fields.len()) {
            dispatch::suppressed(|| self.span.record_all(&fields.value_set_all(all)));
        }
    }

    /// A success that found nothing is empty.
    pub fn empty(&mut self, is_empty: bool) {
        if is_empty && self.outcome == Outcome::Success {
            self.outcome = Outcome::Empty;
        }
    }

    /// The annotation says how the call ended.
    pub fn outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        if let Some(watch) = &mut self.watch {
            watch.told(outcome);
        }
    }

    /// The annotation says how much a failure matters.
    pub fn failure_level(&mut self, level: impl Into<Level>) {
        if let Some(watch) = &mut self.watch {
            watch.failure_level = level.into();
        }
    }

    /// The annotation says what kind of error it is.
    pub fn error_type(&mut self, label: &'static str) {
        if let Some(watch) = &mut self.watch {
            watch.label(label);
        }
    }

    /// The model that is called.
    pub fn model(&mut self, model: &dyn Display) {
        if let Some(pending) = &mut self.pending {
            pending.model = Some(bounded(format_args!("{model}")));
        }
        if let Some(watch) = &mut self.watch {
            let fields = watch.fields();
            let text = fields.text.print(format_args!("{model}"));
            fields.push(keys::MODEL.field, Number::Text(text));
            watch.words.get_or_insert_default().model = Some(text);
        }
    }

    /// The tokens that the model has counted; of several, the later say more.
    pub fn usage(&mut self, usage: impl ToUsage) {
        if let (Some(watch), Some(usage)) = (&mut self.watch, usage.to_usage()) {
            watch.words.get_or_insert_default().add_usage(usage);
        }
    }

    /// What the call has cost, where that is known better than from a table of prices.
    pub fn cost(&mut self, cost: impl ToCost) {
        if let (Some(watch), Some(cost)) = (&mut self.watch, cost.to_cost()) {
            watch.words.get_or_insert_default().cost = Some(cost);
        }
    }

    /// The documents that were found, the best first.
    pub fn documents<'d>(&mut self, documents: impl Documents<'d>) {
        let Some(watch) = &mut self.watch else {
            return;
        };
        let (mut count, mut best) = (0_u32, None::<f64>);
        for document in documents.documents() {
            count = count.saturating_add(1);
            let better = |best: f64| document.score.map_or(best, |score| best.max(score));
            best = best.map(better).or(document.score);
            watch.document(&document, count);
        }
        let fields = watch.fields();
        fields.push(keys::DOCUMENT_COUNT.field, Number::U64(count.into()));
        if let Some(best) = best {
            fields.push(keys::BEST_SCORE.field, Number::F64(best));
        }
    }

    /// Emits one of tracing's own events for other layers; ours has its record of the call.
    pub fn tell(&self, event: &'static EventCallsite, value: &dyn Value) {
        let alone = |watch: &super::watch::Watch| watch.is_sole_listener();
        if !self.watch.as_ref().is_some_and(alone) {
            event.emit(value);
        }
    }

    /// What the error says of itself.
    pub(super) fn told_by<E: ErrorType + ?Sized>(&mut self, error: &E) {
        if let Some(watch) = &mut self.watch {
            if let Some(level) = error.error_level().filter(|_| !self.site.has_level) {
                watch.failure_level = level;
            }
            if let Some(action) = error.error_action() {
                watch.fields().push_text(keys::ACTION.field, action);
            }
            error.error_fields(&mut ErrorFields::new(watch.fields()));
        }
    }

    /// Keeps the backtrace that a report prints behind its text, where backtraces are on.
    pub(super) fn traced(&mut self, report: &dyn Debug) {
        if let Some(watch) = &mut self.watch
            && panics::backtraces()
        {
            watch.traced(report);
        }
    }

    pub(super) fn set_outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.judged = true;
    }

    /// Whether the value was judged a success, and somebody wants to know more of it.
    pub(super) fn is_success(&self) -> bool {
        self.outcome == Outcome::Success && self.heard
    }

    /// The value was an error.
    pub(crate) fn fail(
        &mut self,
        kind: ErrorKind,
        message: Arguments<'_>,
        source: Option<&(dyn Error + 'static)>,
    ) {
        self.set_outcome(Outcome::Error);
        if let Some(watch) = &mut self.watch {
            watch.fail(kind, message, source);
        }
    }
}
