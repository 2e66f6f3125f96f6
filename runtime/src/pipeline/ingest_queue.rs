//! The queue between the application's threads and the worker.
//!
//! It consists of two bounded queues, one of them for records of WARNING and above, so that a flood of ordinary records
//! cannot push those out. A queue that is full, or holds too many bytes, drops its oldest record and counts it. The
//! first push wakes a sleeping worker; a worker that is awake polls, so that a push costs no system call.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossbeam_queue::ArrayQueue;
use tokio::sync::Notify;

use super::handshake::{AfterPush, Handshake};
use crate::record::{Level, Record};

/// The most bytes of records that wait, whatever the queues' capacity.
const MAX_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct IngestQueue {
    ordinary: ArrayQueue<Box<Record>>,
    /// Records of WARNING and above.
    important: ArrayQueue<Box<Record>>,
    handshake: Handshake,
    overflowed: AtomicU64,
    bytes: AtomicUsize,
    wake: Notify,
}

impl IngestQueue {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            ordinary: ArrayQueue::new(capacity.max(4)),
            important: ArrayQueue::new((capacity / 4).max(1)),
            handshake: Handshake::new(),
            overflowed: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            wake: Notify::new(),
        }
    }

    /// Gives the record its sequence number and pushes it; passes the records that are dropped for it to `recycle`, and
    /// those that nobody will drain, because the queue is closed, to `late`.
    pub(super) fn push(
        &self,
        mut record: Box<Record>,
        recycle: impl Fn(Box<Record>),
        late: impl FnOnce(Vec<Box<Record>>),
    ) {
        let (sequence, is_open) = self.handshake.begin_push();
        if !is_open {
            return late(vec![record]);
        }
        record.sequence = sequence;
        self.enqueue(record, recycle);
        match self.handshake.end_push() {
            AfterPush::Nothing => {}
            AfterPush::Wake => self.wake.notify_one(),
            AfterPush::Drain => late(self.drain()),
        }
    }

    fn enqueue(&self, record: Box<Record>, recycle: impl Fn(Box<Record>)) {
        let bytes = record.held_bytes();
        let held = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let queue = if record.level >= Level::Warning {
            &self.important
        } else {
            &self.ordinary
        };
        if let Some(oldest) = queue.force_push(record) {
            self.drop_oldest(oldest, &recycle);
        }
        if held > MAX_BYTES {
            self.shed(recycle);
        }
    }

    /// Drops the oldest ordinary records, then the oldest important ones, until the rest is within [`MAX_BYTES`].
    #[cold]
    fn shed(&self, recycle: impl Fn(Box<Record>)) {
        while self.bytes.load(Ordering::Relaxed) > MAX_BYTES {
            match self.ordinary.pop().or_else(|| self.important.pop()) {
                Some(oldest) => self.drop_oldest(oldest, &recycle),
                None => return,
            }
        }
    }

    fn drop_oldest(&self, record: Box<Record>, recycle: impl Fn(Box<Record>)) {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_sub(record.held_bytes(), Ordering::Relaxed);
        recycle(record);
    }

    /// Removes and returns everything in the queues, in the order in which it was pushed.
    pub(super) fn drain(&self) -> Vec<Box<Record>> {
        // Bounded by the length at the start, so that producers that never stop cannot keep the worker in this loop.
        let (important, ordinary) = (self.important.len(), self.ordinary.len());
        let mut records: Vec<_> = std::iter::from_fn(|| self.important.pop())
            .take(important)
            .collect();
        records.extend(std::iter::from_fn(|| self.ordinary.pop()).take(ordinary));
        let bytes = records.iter().map(|record| record.held_bytes()).sum();
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        records.sort_unstable_by_key(|record| record.sequence);
        records
    }

    /// Waits for the next push, or returns at once if there is a record already.
    pub(super) async fn wait(&self) {
        let woken = self.wake.notified();
        self.handshake.sleep();
        if self.ordinary.is_empty() && self.important.is_empty() {
            woken.await;
        }
        self.handshake.awake();
    }

    /// From now on, new records are not pushed.
    pub(super) fn close(&self) {
        self.handshake.close();
    }

    /// Announces that the worker drains the queue once more after this call, and then never again.
    pub(super) fn end(&self) {
        self.handshake.end();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.handshake.is_closed()
    }

    /// Returns the number of records that were ever emitted.
    pub(super) fn emitted(&self) -> u64 {
        self.handshake.emitted()
    }

    /// Returns the number of records that were dropped because a queue was full.
    pub(super) fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(level: Level) -> Box<Record> {
        Box::new(Record {
            level,
            ..Record::default()
        })
    }

    #[test]
    fn a_flood_of_ordinary_records_drops_only_the_oldest_ordinary_records() {
        let queue = IngestQueue::new(8);
        queue.push(record(Level::Error), drop, drop);
        for _ in 0..20 {
            queue.push(record(Level::Info), drop, drop);
        }
        let kept: Vec<_> = queue.drain().iter().map(|record| record.sequence).collect();
        assert_eq!(kept, [0, 13, 14, 15, 16, 17, 18, 19, 20]);
        assert_eq!((queue.emitted(), queue.overflowed()), (21, 12));
    }

    #[test]
    fn long_records_drop_the_oldest_before_the_queue_is_full() {
        let queue = IngestQueue::new(16_384);
        let lost = std::cell::Cell::new(0);
        for _ in 0..3_000 {
            let mut long = record(Level::Info);
            long.fields.push_text("text", &"x".repeat(60_000));
            queue.push(long, |_| lost.set(lost.get() + 1), drop);
        }
        let kept = queue.drain();
        let held: usize = kept.iter().map(|record| record.held_bytes()).sum();
        assert!(held <= MAX_BYTES && held > MAX_BYTES - 100_000, "{held}");
        assert_eq!(kept.len() + lost.get(), 3_000);
        assert_eq!(
            (queue.overflowed(), queue.bytes.into_inner()),
            (lost.get() as u64, 0)
        );
    }

    #[test]
    fn with_four_producers_every_record_is_drained_or_counted_as_overflowed() {
        let queue = IngestQueue::new(1024);
        let taken = std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..20_000).for_each(|_| queue.push(record(Level::Info), drop, drop))
                });
            }
            let mut taken = 0;
            while queue.emitted() < 80_000 {
                taken += queue.drain().len() as u64;
            }
            taken
        });
        let taken = taken + queue.drain().len() as u64;
        assert_eq!(queue.emitted(), taken + queue.overflowed());
    }

    #[test]
    fn a_push_wakes_a_sleeping_worker() {
        let queue = std::sync::Arc::new(IngestQueue::new(8));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for _ in 0..1000 {
            let pusher = std::sync::Arc::clone(&queue);
            let thread = std::thread::spawn(move || pusher.push(record(Level::Info), drop, drop));
            runtime.block_on(queue.wait());
            thread.join().unwrap();
            assert_eq!(queue.drain().len(), 1);
        }
    }
}
