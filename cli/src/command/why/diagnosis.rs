//! The diagnosis of a request, as plain data and as JSON.

use std::collections::HashMap;

use ragspan_core::record::keys;
use ragspan_store::{Stats, StoredRecord};
use serde_json::{Value, json};

use crate::call::{Call, CallError};
use crate::stack_trace::StackTrace;
use crate::trace_view::{SpanView, TraceView};

/// The diagnosis of a request.
pub(super) struct Diagnosis<'a> {
    /// The first ended span without a parent.
    pub(super) root: Option<&'a SpanView<'a>>,
    /// The span in which the failure began.
    pub(super) failure: Option<&'a SpanView<'a>>,
    /// Every ended span, parents before their children.
    pub(super) spans: Vec<SpanComparison<'a>>,
    pub(super) others: Vec<OtherFailures>,
}

/// A span compared with the median of its operation.
pub(super) struct SpanComparison<'a> {
    pub(super) span: &'a SpanView<'a>,
    pub(super) median_ms: Option<f64>,
    pub(super) calls: u64,
}

impl SpanComparison<'_> {
    /// Returns the duration as a multiple of the median; `None` if the median is zero.
    pub(super) fn times_median(&self) -> Option<f64> {
        let median = self.median_ms.filter(|median| *median > 0.0)?;
        Some(self.span.record.duration_ms? / median)
    }
}

/// Failures of other requests with one operation and one error type.
pub(super) struct OtherFailures {
    pub(super) error_type: Option<String>,
    pub(super) operation: String,
    pub(super) layer: String,
    pub(super) failures: usize,
    /// The trace of one of them.
    pub(super) trace_id: Option<String>,
}

impl<'a> Diagnosis<'a> {
    pub(super) fn of(trace: &'a TraceView<'a>, medians: &[Stats], others: &[StoredRecord]) -> Self {
        let spans = compare(trace, medians);
        let is_root = |span: &&SpanView<'_>| span.depth == 0 && !span.is_orphan;
        let root = || spans.iter().map(|compared| compared.span);
        Self {
            root: root().find(is_root).or_else(|| root().next()),
            failure: trace.failure(),
            spans,
            others: group(others),
        }
    }

    pub(super) fn json(&self, trace_id: &str) -> Value {
        let record = self.failure.map(|span| span.record.to_json_line());
        let record = record.and_then(|line| serde_json::from_str::<Value>(&line).ok());
        json!({
            "trace_id": trace_id,
            "broke": self.failure.map(failure_json),
            "record": record,
            "spans": self.spans.iter().map(SpanComparison::json).collect::<Vec<_>>(),
            "same_minute": self.others.iter().map(OtherFailures::json).collect::<Vec<_>>(),
        })
    }
}

fn failure_json(span: &SpanView<'_>) -> Value {
    let error = span.call.error.as_ref().map(
        |error| json!({"type": error.error_type, "message": error.message, "chain": error.chain}),
    );
    let trace = stack_trace(span.record);
    json!({
        "span_id": span.record.span_id,
        "operation": span.call.operation,
        "layer": span.call.layer,
        "error": error,
        "path": trace.calls,
        "own_frames": trace.own_frames(),
        "backtrace": trace.backtrace,
    })
}

/// Returns the annotated functions from the root to the failure, and the backtrace of a panic.
pub(super) fn stack_trace(record: &StoredRecord) -> StackTrace {
    let text = record.stack_trace.as_deref();
    text.map(StackTrace::parse).unwrap_or_default()
}

impl SpanComparison<'_> {
    fn json(&self) -> Value {
        json!({
            "span_id": self.span.record.span_id,
            "operation": self.span.call.operation,
            "layer": self.span.call.layer,
            "depth": self.span.depth,
            "outcome": self.span.call.outcome.as_str(),
            (keys::DURATION_MS.name): self.span.record.duration_ms,
            "median_ms": self.median_ms,
            "times_median": self.times_median(),
            "calls": self.calls,
        })
    }
}

impl OtherFailures {
    fn json(&self) -> Value {
        json!({
            "type": self.error_type,
            "operation": self.operation,
            "layer": self.layer,
            "failures": self.failures,
            "trace_id": self.trace_id,
        })
    }
}

/// Returns the ended spans with the medians of their operations.
fn compare<'a>(trace: &'a TraceView<'a>, medians: &[Stats]) -> Vec<SpanComparison<'a>> {
    let medians: HashMap<_, _> = medians
        .iter()
        .map(|stats| ((stats.name.as_deref(), stats.operation.as_deref()), stats))
        .collect();
    let ended = trace
        .spans
        .iter()
        .filter(|span| span.record.duration_ms.is_some());
    ended
        .map(|span| {
            let (layer, operation) = (span.call.layer.as_str(), span.call.operation.as_str());
            let stats = medians.get(&(Some(layer), Some(operation)));
            SpanComparison {
                span,
                median_ms: stats.map(|stats| stats.p50_ms),
                calls: stats.map_or(0, |stats| stats.calls),
            }
        })
        .collect()
}

/// Groups failures by error type and operation, the most frequent first.
fn group(records: &[StoredRecord]) -> Vec<OtherFailures> {
    let mut groups: Vec<OtherFailures> = Vec::new();
    for record in records {
        let call = Call::of(record);
        let error_type = CallError::of(record).map(|error| error.error_type);
        let is_same = |group: &&mut OtherFailures| {
            group.error_type == error_type
                && group.operation == call.operation
                && group.layer == call.layer
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.failures += 1,
            None => groups.push(OtherFailures {
                error_type,
                operation: call.operation,
                layer: call.layer,
                failures: 1,
                trace_id: record.trace_id.clone(),
            }),
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.failures));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{failed, fine, handled_then_failed, span};

    #[test]
    fn a_deeper_failure_that_was_handled_is_not_the_reported_one() {
        let records = handled_then_failed();
        let trace = TraceView::of(&records);
        let diagnosis = Diagnosis::of(&trace, &[], &[]);
        assert_eq!(diagnosis.json("t")["broke"]["operation"], "generate");
    }

    #[test]
    fn a_successful_request_has_no_failure() {
        let records = fine();
        let trace = TraceView::of(&records);
        assert!(Diagnosis::of(&trace, &[], &[]).failure.is_none());
        let nothing = TraceView::of(&[]);
        assert!(Diagnosis::of(&nothing, &[], &[]).root.is_none());
    }

    #[test]
    fn spans_are_compared_with_the_median_of_their_operation() {
        let records = fine();
        let trace = TraceView::of(&records);
        let mut median = Stats::default();
        (median.p50_ms, median.calls) = (149.0, 7);
        median.name = Some("generation".into());
        median.operation = Some("generate".into());
        let spans = compare(&trace, &[median]);
        let generate = spans
            .iter()
            .find(|compared| compared.span.call.operation == "generate")
            .expect("it is there");
        assert_eq!((generate.times_median(), generate.calls), (Some(2.0), 7));
        assert_eq!(spans[0].times_median(), None);
    }

    #[test]
    fn a_span_that_has_not_ended_is_left_out() {
        let mut records = fine();
        records[0].duration_ms = None;
        let trace = TraceView::of(&records);
        assert_eq!(compare(&trace, &[]).len(), records.len() - 1);
    }

    #[test]
    fn failures_of_one_kind_are_counted_together() {
        let one = failed()[0].clone();
        let other = span((9, 0), ("memory", "recall", "failed"), (0, 1), &json!({}));
        let groups = group(&[other, one.clone(), one]);
        let counts: Vec<_> = groups
            .iter()
            .map(|group| (group.operation.as_str(), group.failures))
            .collect();
        assert_eq!(counts, [("answer", 2), ("recall", 1)]);
    }
}
