//! The data that a call or a scope passes on to the code inside it.

use std::sync::Arc;

use super::local::LocalTrace;
use crate::context::headers::Received;
use crate::context::{CallsiteInfo, Frame, RequestContext, SpanId, TraceId};

/// The data that code takes over from the nearest enclosing call or scope.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inherited {
    /// The trace and the span of the nearest annotated call.
    pub(crate) ids: Option<(TraceId, SpanId)>,
    /// The parent span of that call.
    pub(crate) parent: Option<SpanId>,
    /// The fields of the nearest scope. Outside of a scope the fields of `trace` apply.
    pub(crate) frame: Option<Arc<Frame>>,
    /// The union of [`Layer::bit`](crate::Layer::bit) over all enclosing calls.
    pub(crate) layers: u64,
    /// The function of the nearest annotated call.
    pub(crate) callsite: Option<&'static CallsiteInfo>,
    /// The state shared by all calls of the trace in this process.
    pub(crate) trace: Option<Arc<LocalTrace>>,
    /// The headers with which the request came from another service.
    pub(crate) received: Option<Arc<Received>>,
}

impl Inherited {
    /// Returns the current fields of the request.
    pub(crate) fn request(&self) -> Option<Arc<RequestContext>> {
        self.frame()?.fields()
    }

    /// Begins a request from another service: it belongs to the caller's trace, and to no enclosing call of this
    /// process.
    pub(crate) fn receive(&mut self, received: Arc<Received>) {
        if let Some(remote) = &received.remote {
            self.ids = Some((remote.trace, remote.parent));
            self.parent = None;
            self.layers = 0;
            self.callsite = None;
            self.trace = None;
        }
        self.received = Some(received);
    }

    /// Returns the frame that `bind` writes to: that of the nearest scope, or else that of the trace.
    pub(crate) fn frame(&self) -> Option<&Frame> {
        let scope = self.frame.as_deref();
        match &self.trace {
            Some(trace) => Some(trace.frame(scope)),
            None => scope,
        }
    }
}
