//! Stores the records of a test's capture in the order in which they were emitted, since no worker takes them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::record::Record;

/// The most records that a capture stores, so that a test in an endless loop does not use up the machine's memory.
const MAX_RECORDS: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct CaptureBuffer {
    records: Mutex<Vec<Box<Record>>>,
    lost: AtomicU64,
}

impl CaptureBuffer {
    pub(super) fn push(&self, record: Box<Record>) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() < MAX_RECORDS {
            records.push(record);
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Removes and returns all records so far, and the number of records that were lost because the buffer was full.
    pub(super) fn take(&self) -> (Vec<Box<Record>>, u64) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        (
            std::mem::take(&mut *records),
            self.lost.load(Ordering::Relaxed),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_taken_once_and_in_order() {
        let buffer = CaptureBuffer::default();
        for start in 0..3 {
            buffer.push(Box::new(Record {
                start,
                ..Record::default()
            }));
        }
        let (records, lost) = buffer.take();
        let order: Vec<_> = records.iter().map(|record| record.start).collect();
        assert_eq!((order, lost), (vec![0, 1, 2], 0));
        assert!(buffer.take().0.is_empty());
    }
}
