//! The handshakes of the threads that push records with the worker that drains them: sleep and end.
//!
//! It uses the atomics of its parent module, so that a test can check every interleaving of it with loom's.

use super::atomics::{AtomicBool, AtomicU8, AtomicU64, Ordering, fence};

/// Records are pushed and delivered.
const OPEN: u8 = 0;
/// New records are dropped; the worker drains what was pushed before.
const CLOSING: u8 = 1;
/// The worker drains once more, and then never again.
const ENDED: u8 = 2;

/// What a push has to do once its record is in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterPush {
    Nothing,
    /// Wake the worker.
    Wake,
    /// The worker may have drained for the last time: drain the queue, and drop what is there.
    Drain,
}

#[derive(Debug)]
pub(super) struct Handshake {
    state: AtomicU8,
    /// The number of records that were ever emitted.
    sequence: AtomicU64,
    asleep: AtomicBool,
}

impl Handshake {
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU8::new(OPEN),
            sequence: AtomicU64::new(0),
            asleep: AtomicBool::new(false),
        }
    }

    /// Returns the sequence number of a record, and whether the record may be pushed: not after the close.
    pub(super) fn begin_push(&self) -> (u64, bool) {
        let sequence = self.sequence.fetch_add(1, Ordering::Relaxed);
        (sequence, self.state.load(Ordering::Relaxed) == OPEN)
    }

    /// Call it once the record is in the queue.
    pub(super) fn end_push(&self) -> AfterPush {
        // Pairs with the fences of `sleep` and `end`: either the worker sees the record, or this thread sees that the
        // worker sleeps or has ended.
        fence(Ordering::SeqCst);
        if self.state.load(Ordering::Relaxed) == ENDED {
            return AfterPush::Drain;
        }
        if self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::Relaxed) {
            return AfterPush::Wake;
        }
        AfterPush::Nothing
    }

    /// Announces that the worker sleeps. It may sleep if the queue is empty after this call.
    pub(super) fn sleep(&self) {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    pub(super) fn awake(&self) {
        self.asleep.store(false, Ordering::Relaxed);
    }

    /// From now on, new records are not pushed.
    pub(super) fn close(&self) {
        self.state.store(CLOSING, Ordering::Relaxed);
    }

    /// Announces that the worker drains the queue once more after this call, and then never again.
    pub(super) fn end(&self) {
        self.state.store(ENDED, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.load(Ordering::Relaxed) != OPEN
    }

    /// Returns the number of records that were ever emitted.
    pub(super) fn emitted(&self) -> u64 {
        self.sequence.load(Ordering::Relaxed)
    }
}
