//! The records of a test's capture: kept in the order in which they come, since no worker takes them away.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::record::Record;

/// A capture keeps no more records than this: a test that runs away should not take the machine along.
const MOST: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Kept {
    records: Mutex<Vec<Box<Record>>>,
    lost: AtomicU64,
}

impl Kept {
    pub(super) fn push(&self, record: Box<Record>) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() < MOST {
            records.push(record);
        } else {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All records so far, and how many came when there was no more room.
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
    fn records_come_back_in_their_order_once() {
        let kept = Kept::default();
        for start in 0..3 {
            kept.push(Box::new(Record {
                start,
                ..Record::default()
            }));
        }
        let (records, lost) = kept.take();
        let order: Vec<_> = records.iter().map(|record| record.start).collect();
        assert_eq!((order, lost), (vec![0, 1, 2], 0));
        assert!(kept.take().0.is_empty());
    }
}
