//! How a call ended.

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// It returned what it should.
    #[default]
    Success,
    /// It returned an error.
    Error,
    /// It returned, and found nothing.
    Empty,
    /// Its future was dropped before it was done.
    Cancelled,
    /// It panicked.
    Panic,
}

impl Outcome {
    /// Every outcome, in the order of the declaration.
    pub const ALL: [Self; 5] = [
        Self::Success,
        Self::Error,
        Self::Empty,
        Self::Cancelled,
        Self::Panic,
    ];

    /// The word of the metrics' `status` label and of a record's `context.status`.
    #[must_use]
    pub const fn status(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Empty => "empty",
            Self::Cancelled => "cancelled",
            Self::Panic => "panic",
        }
    }

    /// Returns true if `rag_errors_total` counts this outcome.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Error | Self::Panic)
    }

    /// Returns what follows the operation in the message of a completion record: `_failed` of `search_failed`.
    #[must_use]
    pub const fn message_suffix(self) -> &'static str {
        match self {
            Self::Success => "_complete",
            Self::Empty => "_empty",
            Self::Error => "_failed",
            Self::Cancelled => "_cancelled",
            Self::Panic => "_panicked",
        }
    }
}
