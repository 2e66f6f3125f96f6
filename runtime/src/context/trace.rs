//! What all calls of one trace share in this process.

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

impl Trace {
    pub(crate) fn begin(start: u64) -> Self {
        Self {
            start,
            ..Self::default()
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
