//! A running call as the expressions of its annotation see it: what can be recorded of it, and how it is judged.

use std::error::Error;
use std::fmt::{Arguments, Display};

use tracing::{Span, Value};

use super::call::State;
use super::document::Document;
use super::event::EventSite;
use super::value::{ToCost, ToUsage};
use crate::dispatch;
use crate::record::{ErrorKind, Level, Outcome};
use crate::value::{Value as Number, bounded};

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
        if let Some(pending) = &mut self.state.pending {
            return pending.hold(self.state.site, values);
        }
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

    /// The model that is called.
    pub fn model(&mut self, model: &dyn Display) {
        if let Some(pending) = &mut self.state.pending {
            pending.model = Some(bounded(format_args!("{model}")));
        }
        if let Some(watch) = &mut self.state.watch {
            let fields = watch.fields();
            let text = fields.text.print(format_args!("{model}"));
            fields.push("model", Number::Text(text));
            watch.words.get_or_insert_default().model = Some(text);
        }
    }

    /// The tokens that the model has counted; of several, the later say more.
    pub fn usage(&mut self, usage: impl ToUsage) {
        if let (Some(watch), Some(usage)) = (&mut self.state.watch, usage.to_usage()) {
            watch.words.get_or_insert_default().add_usage(usage);
        }
    }

    /// What the call has cost, where that is known better than from a table of prices.
    pub fn cost(&mut self, cost: impl ToCost) {
        if let (Some(watch), Some(cost)) = (&mut self.state.watch, cost.to_cost()) {
            watch.words.get_or_insert_default().cost = Some(cost);
        }
    }

    /// The documents that were found, the best first.
    pub fn documents<'d, I>(&mut self, documents: I)
    where
        I: IntoIterator<Item: Into<Document<'d>>>,
    {
        let Some(watch) = &mut self.state.watch else {
            return;
        };
        let (mut count, mut best) = (0_u32, None::<f64>);
        for document in documents {
            let document: Document<'d> = document.into();
            count = count.saturating_add(1);
            let better = |best: f64| document.score.map_or(best, |score| best.max(score));
            best = best.map(better).or(document.score);
            watch.document(&document, count);
        }
        let fields = watch.fields();
        fields.push("metrics.documents", Number::U64(count.into()));
        if let Some(best) = best {
            fields.push("metrics.best_score", Number::F64(best));
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
