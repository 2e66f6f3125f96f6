//! The values that an annotation's expressions record in a call.

use std::error::Error;
use std::fmt::{Arguments, Debug, Display};

use ragspan_core::record::keys;
use tracing::Value;

use super::lifecycle::Call;
use super::record_fields::record_fields;
use crate::record::{ErrorKind, Level, Outcome};
use crate::recordable::{ToCost, ToUsage};
use crate::span::document::Documents;
use crate::span::event_callsite::EventCallsite;
use crate::span::observer::CallObserver;
use crate::span::panic_report::backtraces_are_enabled;
use crate::value::{Value as Number, bounded};

impl Call {
    /// Records the values as the callsite's fields, starting with the field at index `first`.
    #[inline(never)]
    pub fn fields(&mut self, first: usize, values: &[&dyn Value]) {
        if let Some(pending) = &mut self.pending {
            return pending.push(self.callsite, values);
        }
        let observer = self.observer.as_mut();
        record_fields(self.callsite, &self.span, observer, first, values);
    }

    /// Turns a success into `Empty` if `is_empty`.
    pub fn empty(&mut self, is_empty: bool) {
        if is_empty && self.outcome == Outcome::Success {
            self.outcome = Outcome::Empty;
        }
    }

    /// Overrides the outcome of the value.
    pub fn outcome(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        if let Some(observer) = &mut self.observer {
            observer.override_outcome(outcome);
        }
    }

    /// Sets the level of a failure.
    pub fn failure_level(&mut self, level: impl Into<Level>) {
        if let Some(observer) = &mut self.observer {
            observer.failure_level = level.into();
        }
    }

    /// Sets the type of the error.
    pub fn error_type(&mut self, label: &'static str) {
        if let Some(observer) = &mut self.observer {
            observer.set_error_type(label);
        }
    }

    /// Records the name of the model.
    pub fn model(&mut self, model: &dyn Display) {
        if let Some(pending) = &mut self.pending {
            pending.model = Some(bounded(format_args!("{model}")));
        }
        if let Some(observer) = &mut self.observer {
            observer.model(model);
        }
    }

    /// Records token usage. Usage that arrives in parts is merged; later parts take precedence.
    pub fn usage(&mut self, usage: impl ToUsage) {
        if let (Some(observer), Some(usage)) = (&mut self.observer, usage.to_usage()) {
            observer.llm_usage().add_usage(usage);
        }
    }

    /// Records the cost, which takes precedence over the cost computed from the table of prices.
    pub fn cost(&mut self, cost: impl ToCost) {
        if let (Some(observer), Some(cost)) = (&mut self.observer, cost.to_cost()) {
            observer.llm_usage().cost = Some(cost);
        }
    }

    /// Records the documents that were found, the best first.
    pub fn documents<'d>(&mut self, documents: impl Documents<'d>) {
        let Some(observer) = &mut self.observer else {
            return;
        };
        let (mut count, mut best) = (0_u32, None::<f64>);
        for document in documents.documents() {
            count = count.saturating_add(1);
            let better = |best: f64| document.score.map_or(best, |score| best.max(score));
            best = best.map(better).or(document.score);
            observer.document(&document, count);
        }
        let fields = observer.fields();
        fields.push(keys::DOCUMENT_COUNT.field, Number::U64(count.into()));
        if let Some(best) = best {
            fields.push(keys::BEST_SCORE.field, Number::F64(best));
        }
    }

    /// Emits an event of `err` or `ret` for other layers. It is skipped if ragspan's own layer is the only listener,
    /// which has the call's record.
    pub fn emit(&self, event: &'static EventCallsite, value: &dyn Value) {
        let observer = self.observer.as_ref();
        if !observer.is_some_and(CallObserver::is_sole_listener) {
            event.emit(value);
        }
    }

    /// Records an error as the outcome.
    pub(crate) fn fail(
        &mut self,
        kind: ErrorKind,
        message: Arguments<'_>,
        source: Option<&(dyn Error + 'static)>,
    ) {
        self.set_outcome(Outcome::Error);
        if let Some(observer) = &mut self.observer {
            observer.fail(kind, message, source);
        }
    }

    /// Records the backtrace in the `Debug` output of an error report, if backtraces are enabled.
    pub(in crate::span) fn report_backtrace(&mut self, report: &dyn Debug) {
        if let Some(observer) = &mut self.observer
            && backtraces_are_enabled()
        {
            observer.report_backtrace(report);
        }
    }
}
