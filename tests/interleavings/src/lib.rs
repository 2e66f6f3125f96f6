//! In every interleaving, the handshakes of pushing threads with the worker lose no record and no wake-up.

#![cfg(test)]

/// loom's atomics, which the file below uses in the place of the standard library's.
mod atomics {
    pub(super) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};
}

#[allow(dead_code, reason = "the models use a part of it at a time")]
#[path = "../../../runtime/src/pipeline/handshake.rs"]
mod handshake;

use loom::sync::Arc;
use loom::sync::Notify;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use handshake::{AfterPush, Handshake};

/// A queue of records, a bit each, with the handshake.
struct Queue {
    records: AtomicU64,
    handshake: Handshake,
    wake: Notify,
}

impl Queue {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            records: AtomicU64::new(0),
            handshake: Handshake::new(),
            wake: Notify::new(),
        })
    }

    fn drain(&self) -> u64 {
        if self.records.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.records.swap(0, Ordering::Relaxed)
    }

    /// Pushes a record, and returns the records that this thread has to drop.
    fn push(&self) -> u64 {
        let (sequence, is_open) = self.handshake.begin_push();
        let record = 1 << sequence;
        if !is_open {
            return record;
        }
        self.records.fetch_or(record, Ordering::Relaxed);
        match self.handshake.end_push() {
            AfterPush::Nothing => 0,
            AfterPush::Wake => {
                self.wake.notify();
                0
            }
            AfterPush::Drain => self.drain(),
        }
    }
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

#[test]
fn at_the_end_every_record_is_delivered_or_dropped_by_exactly_one_thread() {
    check(|| {
        let queue = Queue::new();
        // Emitted before the end, by this thread.
        assert_eq!(queue.push(), 0);
        let pushers = [(); 2].map(|()| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || queue.push())
        });
        queue.handshake.close();
        let closed = queue.drain();
        assert_eq!(closed & 1, 1, "what was emitted before is delivered");
        queue.handshake.end();
        let delivered = closed | queue.drain();
        let dropped = pushers.map(|pusher| pusher.join().unwrap());
        assert_eq!(delivered | dropped[0] | dropped[1], 0b111);
        assert_eq!(
            delivered & dropped[0] | delivered & dropped[1] | dropped[0] & dropped[1],
            0
        );
    });
}

#[test]
fn a_record_wakes_the_worker_if_it_sleeps() {
    check(|| {
        let queue = Queue::new();
        let pusher = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || assert_eq!(queue.push(), 0))
        };
        while queue.drain() == 0 {
            queue.handshake.sleep();
            if queue.records.load(Ordering::Relaxed) == 0 {
                queue.wake.wait();
            }
            queue.handshake.awake();
        }
        pusher.join().unwrap();
    });
}
