//! What the running code can ask of the context that it runs in.

use super::carrier::{self, Inherited};
use super::{SpanId, TraceId};

/// The context of the code that runs here.
///
/// ```
/// use ragspan::{Context, rag_span};
///
/// #[rag_span(layer = "api")]
/// fn answer() -> Option<ragspan::TraceId> {
///     Context::current().trace_id()
/// }
///
/// let (trace_id, seen) = ragspan::testing::capture(answer);
/// let record = seen.record("answer_complete");
/// assert_eq!(record["trace_id"], trace_id.unwrap().to_string());
/// assert_eq!(Context::current().trace_id(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Context(Inherited);

impl Context {
    /// Looks up where this code runs.
    #[must_use]
    pub fn current() -> Self {
        Self(carrier::current())
    }

    /// The trace of the nearest annotated call; `None` outside of any.
    #[must_use]
    pub fn trace_id(&self) -> Option<TraceId> {
        self.0.ids.map(|(trace, _)| trace)
    }

    /// The nearest annotated call; `None` outside of any.
    #[must_use]
    pub fn span_id(&self) -> Option<SpanId> {
        self.0.ids.map(|(_, span)| span)
    }

    /// The user that a scope around this code has named.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.0.request.as_ref()?.user_id.as_deref()
    }
}
