//! What all calls of one trace share in this process.

use std::cell::Cell;
use std::sync::Arc;

use super::RequestContext;
use super::frame::Frame;
use super::sums::TraceSums;

/// One trace in this process.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// When its first call here began, in Unix microseconds.
    pub(crate) start: u64,
    pub(crate) sums: TraceSums,
    /// What is bound where there is no scope.
    frame: Frame,
}

thread_local! {
    /// The block of a trace that has ended here, for the next that begins: so a root costs no allocation.
    static SPARE: Cell<Option<Arc<Trace>>> = const { Cell::new(None) };
}

impl Trace {
    pub(crate) fn begin(start: u64) -> Arc<Self> {
        // There is none, either, on a thread that is ending.
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let mut trace = spare.unwrap_or_default();
        if let Some(only) = Arc::get_mut(&mut trace) {
            only.start = start;
        }
        trace
    }

    /// A span of this trace has closed. The last to go leaves the block empty for another trace.
    pub(crate) fn leave(mut trace: Arc<Self>) {
        // Asked first, since the second question costs a locked instruction.
        if Arc::strong_count(&trace) > 1 {
            return;
        }
        if let Some(only) = Arc::get_mut(&mut trace) {
            *only = Self::default();
            let _ending = SPARE.try_with(|spare| spare.set(Some(trace)));
        }
    }

    /// What a call of this trace is bound to: the nearest scope, else the trace itself.
    pub(crate) fn frame<'a>(&'a self, scope: Option<&'a Frame>) -> &'a Frame {
        scope.unwrap_or(&self.frame)
    }

    /// The fields of the request that such a call belongs to, as they are now.
    pub(crate) fn request(&self, scope: Option<&Frame>) -> Option<Arc<RequestContext>> {
        self.frame(scope).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_used_again_by_the_next_trace_and_knows_nothing_of_the_last() {
        let trace = Trace::begin(7);
        let block = Arc::as_ptr(&trace);
        trace.sums.retry();
        trace
            .frame
            .bind(|fields| fields.user_id = Some("ada".into()));
        Trace::leave(trace);
        let next = Trace::begin(9);
        assert_eq!((Arc::as_ptr(&next), next.start), (block, 9));
        assert_eq!(next.sums.now().retries, 0);
        assert!(next.request(None).is_none());
    }

    #[test]
    fn a_block_that_somebody_still_holds_is_left_to_them() {
        let trace = Trace::begin(7);
        trace.sums.retry();
        Trace::leave(Arc::clone(&trace));
        let next = Trace::begin(9);
        assert!(!Arc::ptr_eq(&trace, &next));
        assert_eq!((trace.start, trace.sums.now().retries), (7, 1));
    }
}
