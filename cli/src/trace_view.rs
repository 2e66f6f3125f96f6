//! A trace as the views show it: the tree of its spans with a [`Call`] each.

use ragspan_store::{StoredRecord, trace_tree};

use crate::call::Call;

/// A span in the tree of its trace.
#[derive(Debug)]
pub(crate) struct SpanView<'a> {
    pub(crate) record: &'a StoredRecord,
    pub(crate) call: Call,
    pub(crate) start_us: i64,
    pub(crate) end_us: i64,
    /// The number of spans above it.
    pub(crate) depth: usize,
    /// The index of its parent.
    pub(crate) parent: Option<usize>,
    /// The indexes of its children, by their starts.
    pub(crate) children: Vec<usize>,
    /// Set if the span names a parent that is not above it.
    pub(crate) is_orphan: bool,
    pub(crate) events: Vec<&'a StoredRecord>,
}

/// The spans of a trace, parents before children, and the events that belong to none of them. Spans are identified by their
/// indexes in `spans`.
#[derive(Debug)]
pub(crate) struct TraceView<'a> {
    pub(crate) spans: Vec<SpanView<'a>>,
    pub(crate) unattached_events: Vec<&'a StoredRecord>,
    /// The span to name the trace by.
    pub(crate) root: Option<usize>,
    /// The span in which the failure began that ended the request, or that the request survived.
    pub(crate) failure: Option<usize>,
    /// The last empty result before that failure, which is often its reason.
    pub(crate) empty_before_failure: Option<usize>,
    /// The first start and the last end, in microseconds since the epoch.
    pub(crate) range: (i64, i64),
}

impl<'a> TraceView<'a> {
    /// Builds the view from the records of a trace, in any order.
    pub(crate) fn of(records: &'a [StoredRecord]) -> Self {
        let tree = trace_tree(records);
        let failure = tree.failure();
        let mut calls: Vec<_> = tree
            .nodes()
            .iter()
            .map(|node| Call::of_span(&node.span, node.value))
            .collect();
        Call::remove_shared(&mut calls);
        let spans = tree.nodes().iter().zip(calls).map(|(node, call)| SpanView {
            record: node.value,
            call,
            start_us: node.span.start_us,
            end_us: node.span.end_us(),
            depth: node.depth,
            parent: node.parent,
            children: node.children.clone(),
            is_orphan: node.is_orphan,
            events: node.events.clone(),
        });
        Self {
            spans: spans.collect(),
            unattached_events: tree.unattached_events().to_vec(),
            root: tree.root(),
            failure,
            empty_before_failure: failure.and_then(|failed| tree.last_empty_before(failed)),
            range: tree.range_us(),
        }
    }

    pub(crate) fn root(&self) -> Option<&SpanView<'a>> {
        self.spans.get(self.root?)
    }

    pub(crate) fn failure(&self) -> Option<&SpanView<'a>> {
        self.spans.get(self.failure?)
    }

    pub(crate) fn empty_before_failure(&self) -> Option<&SpanView<'a>> {
        self.spans.get(self.empty_before_failure?)
    }

    /// Returns the number of spans that failed or panicked.
    pub(crate) fn count_failures(&self) -> usize {
        let failed = self
            .spans
            .iter()
            .filter(|span| span.call.outcome.is_failure());
        failed.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{failed, handled_then_failed};

    #[test]
    fn the_failure_that_ended_the_request_is_found_and_not_a_deeper_handled_one() {
        let records = handled_then_failed();
        let view = TraceView::of(&records);
        let failure = view.failure().expect("a failure");
        assert_eq!(failure.call.operation, "generate");
        let deepest = view
            .spans
            .iter()
            .filter(|span| span.call.outcome.is_failure());
        let deepest = deepest.max_by_key(|span| span.depth).expect("a failure");
        assert_eq!(deepest.call.operation, "fetch_page");
    }

    #[test]
    fn the_last_empty_result_before_the_failure_is_found() {
        let records = failed();
        let view = TraceView::of(&records);
        let empty = view.empty_before_failure().expect("an empty result");
        assert_eq!(empty.call.operation, "hybrid_search");
    }
}
