//! A record as it is handed to the store: the eighteen keys and the envelope, borrowed.

/// What a record stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// The start or the end of a call.
    Span,
    /// Something that was said during a call, or outside of any.
    Event,
}

impl RowKind {
    /// The word that stands in the column `kind`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Event => "event",
        }
    }
}

/// A record to be inserted. `(boot_id, seq)` is its identity: a second delivery is no second row.
#[derive(Debug, Clone, Copy)]
pub struct NewRow<'a> {
    /// The process that made the record.
    pub boot_id: &'a [u8; 16],
    /// Which of that process's records this is.
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
    /// What happened.
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
}

impl NewRow<'_> {
    /// The span's duration as the column `duration_ms` holds it.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 285 years")]
    pub(super) fn duration_ms(&self) -> Option<f64> {
        self.duration_us.map(|us| us as f64 / 1000.0)
    }
}
