//! A record to be inserted: the eighteen keys and the envelope, borrowed.

use ragspan_core::Cost;

/// The kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// The start or the end of a call.
    Span,
    /// An event during a call, or outside of any.
    Event,
}

impl RowKind {
    /// Returns the value of the column `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Event => "event",
        }
    }
}

/// A record to be inserted. `(boot_id, seq)` is its identity: a second delivery adds no row.
#[derive(Debug, Clone, Copy)]
pub struct NewRow<'a> {
    /// The process that made the record.
    pub boot_id: &'a [u8; 16],
    /// The number of the record in its process.
    pub seq: u64,
    /// A span's record or an event's.
    pub kind: RowKind,
    /// When the span began, in microseconds since the epoch.
    pub start_us: Option<i64>,
    /// `timestamp`, in microseconds since the epoch.
    pub timestamp_us: i64,
    /// How long the span took.
    pub duration_us: Option<u64>,
    /// RFC 3339, UTC, microseconds.
    pub timestamp: &'a str,
    /// One of the six levels.
    pub level: &'a str,
    /// `rag.<layer>`, or a tracing target.
    pub logger: &'a str,
    /// The message.
    pub message: &'a str,
    /// The trace, as UUID text.
    pub trace_id: Option<&'a str>,
    /// The span, as UUID text.
    pub span_id: Option<&'a str>,
    /// The span's parent, as UUID text.
    pub parent_span_id: Option<&'a str>,
    /// The request.
    pub request_id: Option<&'a str>,
    /// The user.
    pub user_id: Option<&'a str>,
    /// The session.
    pub session_id: Option<&'a str>,
    /// The tenant.
    pub tenant_id: Option<&'a str>,
    /// A JSON object.
    pub context: &'a str,
    /// A JSON object of numbers.
    pub metrics: &'a str,
    /// A JSON object with `type`, `message` and `chain`.
    pub error: Option<&'a str>,
    /// Where it failed.
    pub stack_trace: Option<&'a str>,
    /// Where the service runs.
    pub environment: &'a str,
    /// The service's version.
    pub version: &'a str,
    /// The machine.
    pub host: &'a str,
    /// The values that queries ask for. `None` where the program has them only in the JSON above: a later step of
    /// [`Writer::fill`](super::Writer::fill) then reads them from there.
    pub typed: Option<TypedColumns<'a>>,
}

/// The values of a record that queries ask for, each in a column of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TypedColumns<'a> {
    /// The operation of a span.
    pub operation: Option<&'a str>,
    /// The status of a span that has ended.
    pub status: Option<&'a str>,
    /// The layer, such as `retrieval`.
    pub layer: Option<&'a str>,
    /// True for the first span of this service in its trace.
    pub is_local_root: bool,
    /// The model.
    pub model: Option<&'a str>,
    /// The tokens of the call alone, in the order of the fields of [`Usage`](ragspan_core::Usage).
    pub tokens: [Option<u64>; 5],
    /// The sum of the tokens of the call, or of the calls of a request.
    pub total_tokens: Option<u64>,
    /// The number of model calls of a request.
    pub llm_calls: Option<u64>,
    /// The cost of the call, or of the calls of a request.
    pub cost: Option<Cost>,
    /// The type of the error.
    pub error_type: Option<&'a str>,
    /// The fingerprint of the error.
    pub error_fingerprint: Option<u64>,
    /// The span in which the error was first recorded, where that is another one.
    pub error_span_id: Option<&'a str>,
    /// The name of the score that the record holds.
    pub score_name: Option<&'a str>,
    /// The score.
    pub score: Option<f64>,
}

impl NewRow<'_> {
    /// The span's duration as the column `duration_ms` holds it.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 285 years")]
    pub(super) fn duration_ms(&self) -> Option<f64> {
        self.duration_us.map(|us| us as f64 / 1000.0)
    }
}
