//! The result of a command that ran.

use ragspan_store::StoredRecord;

/// Whether a command had something to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It had.
    Found,
    /// The arguments are valid, but no record matches them.
    Nothing,
    /// It had, and one of its checks failed.
    CheckFailed,
}

impl Answer {
    /// Returns [`Found`](Self::Found) unless there are no records.
    pub(super) const fn of(records: &[StoredRecord]) -> Self {
        if records.is_empty() {
            Self::Nothing
        } else {
            Self::Found
        }
    }
}
