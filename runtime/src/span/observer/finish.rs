//! Ends the observation of a call: completes its record and its metrics.

use ragspan_core::Cost;
use ragspan_core::record::keys;
use tracing::Span;

use super::call_observer::CallObserver;
use super::error_origin::resolve_error_origin;
use super::labels::{exemplar, layer_name};
use super::trace_totals::record_totals;
use crate::clock;
use crate::record::{Level, Outcome, Record, level_of};
use crate::span::callsite::SpanCallsite;
use crate::trace::{self, SelfTime};
use crate::value::Value;

impl CallObserver {
    /// Ends the call: emits its record and updates its metrics.
    pub(in crate::span) fn finish(
        mut self,
        callsite: &'static SpanCallsite,
        span: &Span,
        outcome: Outcome,
    ) {
        let micros = clock::now().micros_since(self.start);
        let record = &mut *self.record;
        record.request = self.trace.request(self.frame.as_deref());
        record.outcome = outcome;
        record.duration = Some(micros);
        record.timestamp = record.start + micros;
        record.slow = callsite
            .slow_us
            .filter(|limit| outcome == Outcome::Success && micros > *limit);
        if outcome.is_failure() {
            resolve_error_origin(record, callsite, span, self.failed_by_status);
        }
        record.level = level(callsite, record, self.failure_level);
        self.collect(callsite, span, outcome);
        self.count(callsite, outcome, micros);
        // A filter that disables the span hides its record as well, unless the record is a warning or worse.
        let is_enabled = !self.is_filtered || self.record.level >= Level::Warning;
        if is_enabled && self.handle.wants(self.record.level, callsite.target) {
            self.handle.push(self.record);
        } else {
            self.handle.give_back(self.record);
        }
    }

    /// Adds the fields recorded while the call ran, and adds the call to the sums of its trace. A root call also
    /// records the totals of the trace.
    fn collect(&mut self, callsite: &'static SpanCallsite, span: &Span, outcome: Outcome) {
        let record = &mut *self.record;
        let collected = trace::report_end(span, record.start, record.timestamp);
        record.fields.append(&collected.late);
        if let Some(recorded) = self.recorded.take() {
            recorded.end(&mut record.fields);
        }
        let user_fields = record.fields.iter().count();
        // A call whose span is disabled has no node in the tree, so its time is part of the enclosing call's self time.
        let is_hidden = span.is_none() && !self.is_local_root;
        let self_time = if is_hidden {
            SelfTime::ZERO
        } else {
            collected.self_time
        };
        self.trace.sums.span(callsite.info.layer, self_time);
        if let Some(usage) = self.llm_usage.take() {
            usage.finish(record, &self.handle, &self.trace.sums);
        }
        // After a failure or a cancellation only the provider knows how many tokens were used.
        let is_complete = matches!(outcome, Outcome::Success | Outcome::Empty);
        if callsite.records_usage && !is_complete {
            record
                .fields
                .push(keys::USAGE_ESTIMATED.field, Value::Bool(true));
        }
        if self.is_local_root && record.parent_span_id.is_some() {
            record
                .fields
                .push(keys::REMOTE_PARENT.field, Value::Bool(true));
        }
        if self.is_local_root && self.trace.sums.has_more_than_one() {
            let sums = self.trace.sums.snapshot();
            record_totals(&sums, &mut record.fields);
            if sums.cost != Cost::ZERO {
                let (layer, exemplar) = (layer_name(record), exemplar(record));
                let registry = self.handle.registry();
                registry.request_cost(layer, sums.cost, &exemplar);
            }
        }
        record.own_fields = record.fields.iter().count() - user_fields;
    }

    /// Updates the metrics. An error is counted only in the call in which it first occurred.
    fn count(&self, callsite: &SpanCallsite, outcome: Outcome, micros: u64) {
        let record = &self.record;
        let exemplar = exemplar(record);
        self.meter.latency(micros, &exemplar);
        if self.is_outermost {
            self.meter.stopped();
            self.meter.request(outcome, &exemplar);
        }
        let own = record
            .failure
            .as_ref()
            .filter(|failure| failure.origin_span_id.is_none());
        if let Some(failure) = own.filter(|_| outcome.is_failure()) {
            let registry = self.handle.registry();
            let layer = callsite.info.layer.name();
            registry.error(failure.kind.label(), layer, &exemplar);
        }
    }
}

/// Returns the level of the completion record. An error that a child has already recorded is only INFO.
fn level(callsite: &'static SpanCallsite, record: &Record, failure_level: Level) -> Level {
    let is_passed_on = record
        .failure
        .as_ref()
        .is_some_and(|failure| failure.origin_span_id.is_some());
    match record.outcome {
        Outcome::Success if record.slow.is_some() => Level::Warning,
        Outcome::Success => level_of(*callsite.metadata().level()),
        Outcome::Empty => Level::Warning,
        Outcome::Cancelled => Level::Info,
        _ if is_passed_on => Level::Info,
        Outcome::Error => failure_level,
        _ => Level::Error,
    }
}
