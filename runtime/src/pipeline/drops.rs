//! Reports that a full queue dropped records: once in a while by a line, and in the health for some time.

use std::sync::{Mutex, PoisonError};

use crate::clock::{self, Moment};

/// In microseconds: the health is degraded for this long after the last drop.
const DEGRADED_FOR: u64 = 10 * 60 * 1_000_000;

/// In microseconds: drops that follow a printed line within this time print no other.
const QUIET_PERIOD: u64 = 60 * 1_000_000;

/// What was dropped by one queue, and what was printed of it.
#[derive(Debug, Default)]
pub(super) struct DropReport(Mutex<DropState>);

#[derive(Clone, Copy, Debug, Default)]
struct DropState {
    /// Records that were ever dropped.
    records: u64,
    last_drop: Option<Moment>,
    last_line: Option<Moment>,
}

impl DropReport {
    /// Raises the number of dropped records, and returns the line to print if there is one.
    pub(super) fn raise_to(&self, records: u64, queue: &str) -> Option<String> {
        self.raise_at(clock::now(), records, queue)
    }

    fn raise_at(&self, now: Moment, records: u64, queue: &str) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records <= state.records {
            return None;
        }
        state.records = records;
        state.last_drop = Some(now);
        if is_within(QUIET_PERIOD, state.last_line, now) {
            return None;
        }
        state.last_line = Some(now);
        Some(text(records, queue))
    }

    /// Returns the warning for the health, unless the last drop was long ago.
    pub(super) fn warning(&self, queue: &str) -> Option<String> {
        self.warning_at(clock::now(), queue)
    }

    fn warning_at(&self, now: Moment, queue: &str) -> Option<String> {
        let state = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        is_within(DEGRADED_FOR, state.last_drop, now).then(|| text(state.records, queue))
    }
}

fn is_within(micros: u64, then: Option<Moment>, now: Moment) -> bool {
    then.is_some_and(|then| now.micros_since(then) < micros)
}

fn text(records: u64, queue: &str) -> String {
    let records = match records {
        1 => "1 record was".to_owned(),
        _ => format!("{records} records were"),
    };
    format!("{queue}: {records} dropped, because records came faster than they could be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_printed_once_a_minute_and_degrade_the_health_for_ten() {
        let report = DropReport::default();
        let at = |seconds: u64| Moment::from_micros(seconds * 1_000_000);
        assert_eq!(report.raise_at(at(0), 0, "file"), None);
        assert_eq!(report.warning_at(at(0), "file"), None);
        let line = report.raise_at(at(1), 1, "file").unwrap();
        assert!(line.starts_with("file: 1 record was dropped"), "{line}");
        assert_eq!(report.raise_at(at(2), 5, "file"), None);
        assert_eq!(report.raise_at(at(63), 5, "file"), None, "nothing new");
        let line = report.raise_at(at(63), 6, "file").unwrap();
        assert!(line.starts_with("file: 6 records were dropped"), "{line}");
        assert_eq!(report.warning_at(at(64), "file"), Some(line));
        assert_eq!(report.warning_at(at(63 + 600), "file"), None);
    }
}
