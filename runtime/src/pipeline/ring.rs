//! The queues between the application's threads and the worker.
//!
//! Two bounded queues, one for records of WARNING and above, so that a flood of ordinary ones cannot push
//! those out. A full queue gives up its oldest record, and counts it; so does one that holds too many bytes. A worker that sleeps is woken by the first
//! push; one that is at work looks again by itself, so that a push costs no system call.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};

use crossbeam_queue::ArrayQueue;
use tokio::sync::Notify;

use crate::record::{Level, Record};

/// So many bytes of records wait at most, whatever the queues' capacity.
const MAX_BYTES: usize = 64 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Ring {
    ordinary: ArrayQueue<Box<Record>>,
    important: ArrayQueue<Box<Record>>,
    sequence: AtomicU64,
    overflowed: AtomicU64,
    bytes: AtomicUsize,
    asleep: AtomicBool,
    wake: Notify,
}

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            ordinary: ArrayQueue::new(capacity.max(4)),
            important: ArrayQueue::new((capacity / 4).max(1)),
            sequence: AtomicU64::new(0),
            overflowed: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            asleep: AtomicBool::new(false),
            wake: Notify::new(),
        }
    }

    /// Numbers and pushes a record; those that have to go for it are given to `lose`.
    pub(super) fn push(&self, mut record: Box<Record>, lose: impl Fn(Box<Record>)) {
        record.sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        let weight = record.weight();
        let held = self.bytes.fetch_add(weight, Ordering::Relaxed) + weight;
        let important = record.level >= Level::Warning;
        let queue = if important {
            &self.important
        } else {
            &self.ordinary
        };
        if let Some(oldest) = queue.force_push(record) {
            self.overflow(oldest, &lose);
        }
        if held > MAX_BYTES {
            self.lighten(lose);
        }
        self.wake_worker();
    }

    /// Gives up ordinary records, then important ones, until the rest is light enough.
    #[cold]
    fn lighten(&self, lose: impl Fn(Box<Record>)) {
        while self.bytes.load(Ordering::Relaxed) > MAX_BYTES {
            match self.ordinary.pop().or_else(|| self.important.pop()) {
                Some(oldest) => self.overflow(oldest, &lose),
                None => return,
            }
        }
    }

    fn overflow(&self, record: Box<Record>, lose: impl Fn(Box<Record>)) {
        self.overflowed.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_sub(record.weight(), Ordering::Relaxed);
        lose(record);
    }

    fn wake_worker(&self) {
        // Pairs with the fence in `wait`: either the worker sees the push, or we see that it sleeps.
        fence(Ordering::SeqCst);
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed) {
            self.wake.notify_one();
        }
    }

    /// Everything in the queues, in the order in which it was pushed.
    pub(super) fn drain(&self) -> Vec<Box<Record>> {
        // Bounded by what was there at the start: producers that never stop cannot keep us here.
        let (important, ordinary) = (self.important.len(), self.ordinary.len());
        let mut records: Vec<_> = std::iter::from_fn(|| self.important.pop())
            .take(important)
            .collect();
        records.extend(std::iter::from_fn(|| self.ordinary.pop()).take(ordinary));
        let weight = records.iter().map(|record| record.weight()).sum();
        self.bytes.fetch_sub(weight, Ordering::Relaxed);
        records.sort_unstable_by_key(|record| record.sequence);
        records
    }

    /// Returns at the next push, or at once if something is here already.
    pub(super) async fn wait(&self) {
        let woken = self.wake.notified();
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if self.ordinary.is_empty() && self.important.is_empty() {
            woken.await;
        }
        self.asleep.store(false, Ordering::Relaxed);
    }

    /// How many records were ever pushed.
    pub(super) fn emitted(&self) -> u64 {
        self.sequence.load(Ordering::Relaxed)
    }

    /// How many had to go because a queue was full.
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
    fn a_flood_of_ordinary_records_pushes_out_only_its_own_oldest() {
        let ring = Ring::new(8);
        ring.push(record(Level::Error), drop);
        for _ in 0..20 {
            ring.push(record(Level::Info), drop);
        }
        let kept: Vec<_> = ring.drain().iter().map(|record| record.sequence).collect();
        assert_eq!(kept, [0, 13, 14, 15, 16, 17, 18, 19, 20]);
        assert_eq!((ring.emitted(), ring.overflowed()), (21, 12));
    }

    #[test]
    fn long_records_push_out_the_oldest_before_the_queue_is_full() {
        let ring = Ring::new(16_384);
        let lost = std::cell::Cell::new(0);
        for _ in 0..3_000 {
            let mut long = record(Level::Info);
            long.fields.push_text("text", &"x".repeat(60_000));
            ring.push(long, |_| lost.set(lost.get() + 1));
        }
        let kept = ring.drain();
        let held: usize = kept.iter().map(|record| record.weight()).sum();
        assert!(held <= MAX_BYTES && held > MAX_BYTES - 100_000, "{held}");
        assert_eq!(kept.len() + lost.get(), 3_000);
        assert_eq!(
            (ring.overflowed(), ring.bytes.into_inner()),
            (lost.get() as u64, 0)
        );
    }

    #[test]
    fn four_producers_keep_their_own_order_and_the_books_balance() {
        let ring = Ring::new(1024);
        let taken = std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..20_000).for_each(|_| ring.push(record(Level::Info), drop)));
            }
            let mut taken = 0;
            while ring.emitted() < 80_000 {
                taken += ring.drain().len() as u64;
            }
            taken
        });
        let taken = taken + ring.drain().len() as u64;
        assert_eq!(ring.emitted(), taken + ring.overflowed());
    }

    #[test]
    fn a_push_wakes_a_sleeping_worker() {
        let ring = std::sync::Arc::new(Ring::new(8));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for _ in 0..1000 {
            let pusher = std::sync::Arc::clone(&ring);
            let thread = std::thread::spawn(move || pusher.push(record(Level::Info), drop));
            runtime.block_on(ring.wait());
            thread.join().unwrap();
            assert_eq!(ring.drain().len(), 1);
        }
    }
}
