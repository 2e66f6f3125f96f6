//! One call of an annotated function, with typed fields.

use crate::record::error_fingerprint;
use crate::{Cost, Level, Outcome, Usage};

/// One call of an annotated function, read from its record.
///
/// Ids are text, because records of other programs may hold ids that are not UUIDs.
///
/// ```
/// use ragspan_core::trace::Span;
/// use ragspan_core::Outcome;
///
/// let mut span = Span::new("hybrid_search");
/// span.layer = Some("retrieval".into());
/// span.outcome = Some(Outcome::Success);
/// (span.start_us, span.duration_us) = (1_000, Some(250));
/// assert_eq!(span.end_us(), 1_250);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Span {
    /// The trace.
    pub trace_id: Option<String>,
    /// The span.
    pub span_id: Option<String>,
    /// The span that called this one, which may belong to another service.
    pub parent_span_id: Option<String>,
    /// The position among the records of its process; orders spans that start in the same microsecond.
    pub seq: u64,
    /// The operation, by default the name of the function.
    pub operation: String,
    /// The name of the layer, such as `retrieval`.
    pub layer: Option<String>,
    /// The level of the record.
    pub level: Option<Level>,
    /// How the call ended; `None` while it has not ended.
    pub outcome: Option<Outcome>,
    /// True if the call succeeded, but took longer than its annotation allows.
    pub is_slow: bool,
    /// True for the first span of this service in the trace: the trace began here, or its parent is remote.
    pub is_local_root: bool,
    /// The start, in microseconds since the Unix epoch.
    pub start_us: i64,
    /// The duration in microseconds; `None` while the call has not ended.
    pub duration_us: Option<u64>,
    /// The model that the call used.
    pub model: Option<String>,
    /// The tokens of this call alone.
    pub usage: Option<Usage>,
    /// The cost that the record holds: of this call, or on a local root of every call below it.
    pub cost: Option<Cost>,
    /// The error that the call returned, or its panic.
    pub error: Option<SpanError>,
    /// The id of the span in which the error was first recorded; `None` where that is this span.
    pub error_origin: Option<String>,
}

/// The error of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpanError {
    /// The label of the error's type, such as `timeout`.
    pub error_type: String,
    /// The error's message.
    pub message: String,
    /// The messages of its sources, the deepest last.
    pub chain: Vec<String>,
}

impl Span {
    /// Returns a span of this operation that has not ended, without ids, layer, usage and error.
    #[must_use]
    pub fn new(operation: impl Into<String>) -> Self {
        Self {
            operation: operation.into(),
            ..Self::default()
        }
    }

    /// Returns true if the call failed or panicked.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.outcome.is_some_and(Outcome::is_failure)
    }

    /// Returns the end in microseconds since the Unix epoch: of a call that has not ended, its start.
    #[must_use]
    pub fn end_us(&self) -> i64 {
        self.start_us
            .saturating_add_unsigned(self.duration_us.unwrap_or_default())
    }

    /// Returns true if the error of `child` is the error of this span, unchanged or as a source of another error.
    pub(super) fn passes_on(&self, child: &Self) -> bool {
        match (&self.error, &child.error) {
            (Some(error), Some(source)) => error.contains(source.root_cause()),
            (None, None) => self.outcome == Some(Outcome::Panic) && child.outcome == self.outcome,
            _ => false,
        }
    }
}

impl SpanError {
    /// Returns an error without sources.
    #[must_use]
    pub fn new(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            chain: Vec::new(),
        }
    }

    /// Returns the message of the deepest source, else the error's own message.
    #[must_use]
    pub fn root_cause(&self) -> &str {
        self.chain.last().unwrap_or(&self.message)
    }

    /// Returns the fingerprint, which is equal for errors of one kind; see [`error_fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        error_fingerprint(&self.error_type, self.root_cause())
    }

    fn contains(&self, message: &str) -> bool {
        self.message == message || self.chain.iter().any(|source| source == message)
    }
}
