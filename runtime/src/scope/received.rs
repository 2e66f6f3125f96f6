//! The headers that a context brings from another service.

use std::sync::Arc;

use crate::context::headers::Received;

/// The headers read by [`extract`](crate::propagation::extract); not part of the public API.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct ReceivedHeaders(Arc<Received>);

impl ReceivedHeaders {
    pub(crate) fn new(received: Arc<Received>) -> Self {
        Self(received)
    }

    pub(crate) fn into_inner(self) -> Arc<Received> {
        self.0
    }
}
