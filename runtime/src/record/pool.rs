//! Recycled records: a call borrows a box and the worker gives it back, so that a record costs no allocation.

use crossbeam_queue::ArrayQueue;

use super::Record;

/// Boxes that wait to be used again.
#[derive(Debug)]
pub(crate) struct Pool(ArrayQueue<Box<Record>>);

impl Pool {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(ArrayQueue::new(capacity))
    }

    /// An empty record.
    pub(crate) fn take(&self) -> Box<Record> {
        self.0.pop().unwrap_or_default()
    }

    /// Takes a record back; beyond the capacity it is freed.
    pub(crate) fn give_back(&self, mut record: Box<Record>) {
        record.recycle();
        drop(self.0.push(record));
    }
}
