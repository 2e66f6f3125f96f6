//! The options with which a span is created.

use std::sync::Arc;

use tracing::span::Id;

use crate::context::RequestContext;
use crate::context::headers::Received;

/// The options that an annotation sets for the span of a call.
#[derive(Debug, Default)]
pub(super) struct SpanOptions {
    /// The explicit parent; `Some(None)` makes the span a root.
    pub(super) parent: Option<Option<Id>>,
    pub(super) follows_from: Vec<Id>,
    /// The request fields for the call and all code inside it.
    pub(super) context: Option<Arc<RequestContext>>,
    /// The headers with which the request came from another service.
    pub(super) received: Option<Arc<Received>>,
}
