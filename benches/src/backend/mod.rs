//! The backend of the measured calls: nothing, a subscriber that writes lines, or ragspan; and its record counts.

mod lines;
mod nothing;
mod ours;

use std::fmt::Debug;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::functions::QUERY;
use crate::variant::{Peer, Variant};

/// The backend of the calls of one variant.
pub trait Backend: Debug {
    /// Returns when what `calls` calls left behind has arrived, or when it has waited for very long.
    fn deliver(&self, calls: u64);

    /// Does what a service does now and then, beside its calls.
    fn wait_until_idle(&self) {}

    /// Shuts down, and returns the record counts of `calls` calls.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    fn close(self: Box<Self>, calls: u64) -> Result<RecordCounts, BackendError>;
}

/// The record counts of all calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordCounts {
    /// Calls that were made.
    pub calls: u64,
    /// Records that they should have left.
    pub expected: u64,
    /// Records that were found, in the file or the table.
    pub found: u64,
    /// Records that the library reports as lost.
    pub dropped: u64,
    /// Requests that the metrics have counted, where there are metrics.
    pub counted: Option<u64>,
}

impl RecordCounts {
    /// Returns `true` if every record was found and every call counted.
    #[must_use]
    pub fn add_up(&self) -> bool {
        let counted = self.counted.is_none_or(|counted| counted == self.calls);
        self.found == self.expected && self.dropped == 0 && counted
    }
}

/// Why a variant could not be set up, or its records not be counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// A subscriber or recorder is there already.
    #[error("the process has a subscriber or a recorder already: measure one variant a process")]
    Taken,
    /// ragspan did not start.
    #[error(transparent)]
    Start(#[from] ragspan::telemetry::StartError),
    /// A file could not be made or read.
    #[error("cannot use the folder of this run: check TMPDIR")]
    File(#[from] std::io::Error),
    /// The database could not be read.
    #[error("cannot count the rows: check TMPDIR")]
    Rows(#[from] sqlx::Error),
}

/// Sets up what this variant needs, its files in `folder`.
///
/// # Errors
///
/// When something of it cannot be had.
pub fn set(variant: Variant, folder: &Path) -> Result<Box<dyn Backend>, BackendError> {
    let fails = variant.path.fails;
    Ok(match variant.peer {
        Peer::Bare | Peer::InstrumentOff | Peer::RagspanOff => Box::new(nothing::Nothing),
        Peer::InstrumentJson => Box::new(lines::Lines::of_attribute(folder, fails)?),
        Peer::ByHand => Box::new(lines::Lines::by_hand(folder)?),
        Peer::ByHandJsonSubscriber => Box::new(lines::Lines::by_json_subscriber(folder)?),
        Peer::RagspanFiltered => Box::new(ours::Ours::filtered(folder)?),
        Peer::RagspanFile => Box::new(ours::Ours::file(folder)?),
        Peer::RagspanSqlite => Box::new(ours::Ours::sqlite(folder)?),
    })
}

/// Returns the number of lines of the file that belong to a call.
fn count_records(path: &Path) -> std::io::Result<u64> {
    let text = std::fs::read(path)?;
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    Ok(lines.filter(|line| is_record(line)).count() as u64)
}

/// Returns `true` for a whole object that contains the call's argument.
fn is_record(line: &[u8]) -> bool {
    let line = std::str::from_utf8(line).unwrap_or_default();
    line.starts_with('{') && line.ends_with("}\n") && line.contains(QUERY)
}

/// The sum of `rag_requests_total` over its labels, in the text that a scraper reads.
fn requests(exposition: &str) -> u64 {
    let lines = exposition
        .lines()
        .filter(|line| line.starts_with("rag_requests_total{"));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: RecordCounts = RecordCounts {
        calls: 10,
        expected: 20,
        found: 20,
        dropped: 0,
        counted: Some(10),
    };

    #[test]
    fn counts_are_complete_only_if_every_record_was_found_and_counted() {
        assert!(COMPLETE.add_up());
        assert!(
            RecordCounts {
                counted: None,
                ..COMPLETE
            }
            .add_up()
        );
        let wrong = [
            RecordCounts {
                found: 19,
                ..COMPLETE
            },
            RecordCounts {
                found: 21,
                ..COMPLETE
            },
            RecordCounts {
                dropped: 1,
                ..COMPLETE
            },
            RecordCounts {
                counted: Some(9),
                ..COMPLETE
            },
        ];
        assert!(wrong.iter().all(|counts| !counts.add_up()));
    }

    #[test]
    fn requests_are_summed_over_their_labels_and_nothing_else_is() {
        let text = "# TYPE rag_requests_total counter\n\
                    rag_requests_total{layer=\"retrieval\",status=\"success\"} 40\n\
                    rag_requests_total{layer=\"retrieval\",status=\"error\"} 2\n\
                    rag_errors_total{layer=\"retrieval\"} 500\n";
        assert_eq!(requests(text), 42);
    }

    #[test]
    fn only_whole_lines_of_a_call_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let good = format!("{{\"query\":\"{QUERY}\"}}\n");
        let torn = format!("{{\"query\":\"{QUERY}\"");
        std::fs::write(&path, format!("{good}{{}}\n{QUERY}\n{good}{torn}")).unwrap();
        assert_eq!(count_records(&path).unwrap(), 2);
    }
}
