//! The results that commands can have.

use ragspan_store::StoredRecord;

/// The result of a command that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The command had something to show.
    Found,
    /// The arguments are valid, but no record matches them.
    Nothing,
    /// The command had something to show, and one of its checks failed.
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
