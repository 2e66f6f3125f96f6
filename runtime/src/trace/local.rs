//! The state that all calls of one trace share in this process.

use std::cell::Cell;
use std::sync::Arc;

use super::sums::TraceSums;
use crate::context::{Frame, RequestContext};

/// The part of a trace that runs in this process.
#[derive(Debug, Default)]
pub(crate) struct LocalTrace {
    /// The start of its first call in this process, in Unix microseconds.
    pub(crate) start: u64,
    pub(crate) sums: TraceSums,
    /// The request fields bound outside of any scope.
    frame: Frame,
}

thread_local! {
    /// The allocation of the last trace that ended on this thread, reused by the next one: so a root call allocates
    /// nothing for it.
    static SPARE: Cell<Option<Arc<LocalTrace>>> = const { Cell::new(None) };
}

impl LocalTrace {
    pub(crate) fn begin(start: u64) -> Arc<Self> {
        // The thread-local is not accessible while the thread is being torn down.
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let mut trace = spare.unwrap_or_default();
        if let Some(only) = Arc::get_mut(&mut trace) {
            only.start = start;
        }
        trace
    }

    /// Gives up one reference, as a span of the trace closes. The last one resets the allocation and keeps it for
    /// reuse.
    pub(crate) fn leave(mut trace: Arc<Self>) {
        // Checked first because `get_mut` costs a locked instruction.
        if Arc::strong_count(&trace) > 1 {
            return;
        }
        if let Some(only) = Arc::get_mut(&mut trace) {
            *only = Self::default();
            let _ending = SPARE.try_with(|spare| spare.set(Some(trace)));
        }
    }

    /// Returns the frame of a call: that of the nearest scope, or else that of the trace itself.
    pub(crate) fn frame<'a>(&'a self, scope: Option<&'a Frame>) -> &'a Frame {
        scope.unwrap_or(&self.frame)
    }

    /// Returns the current fields of the request that such a call belongs to.
    pub(crate) fn request(&self, scope: Option<&Frame>) -> Option<Arc<RequestContext>> {
        self.frame(scope).fields()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_trace_reuses_the_allocation_without_its_content() {
        let trace = LocalTrace::begin(7);
        let block = Arc::as_ptr(&trace);
        trace.sums.retry();
        trace
            .frame
            .bind(|fields| fields.user_id = Some("ada".into()));
        LocalTrace::leave(trace);
        let next = LocalTrace::begin(9);
        assert_eq!((Arc::as_ptr(&next), next.start), (block, 9));
        assert_eq!(next.sums.snapshot().retries, 0);
        assert!(next.request(None).is_none());
    }

    #[test]
    fn an_allocation_in_use_is_not_reused() {
        let trace = LocalTrace::begin(7);
        trace.sums.retry();
        LocalTrace::leave(Arc::clone(&trace));
        let next = LocalTrace::begin(9);
        assert!(!Arc::ptr_eq(&trace, &next));
        assert_eq!((trace.start, trace.sums.snapshot().retries), (7, 1));
    }
}
