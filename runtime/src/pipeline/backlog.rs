//! The records that wait for one sink: bounded in bytes, by class, and merged into full batches.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::record::Level;
use crate::sink::{Batch, Chunk, MAX_BATCH_BYTES, MAX_RECORDS};

/// The most bytes of ordinary records that wait for one sink.
const MAX_ORDINARY_BYTES: usize = 48 * 1024 * 1024;

/// The most bytes of important records that wait for one sink.
const MAX_IMPORTANT_BYTES: usize = 16 * 1024 * 1024;

/// The class of a record. A full queue never drops important records for ordinary ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Of WARNING and above.
    Important,
    Ordinary,
}

impl Class {
    pub(super) fn of(level: Level) -> Self {
        if level >= Level::Warning {
            Self::Important
        } else {
            Self::Ordinary
        }
    }
}

/// What a sink's task does next.
#[derive(Debug)]
pub(super) enum Work {
    Deliver(Batch),
    /// Everything that was pushed before the flush is done: sync it if `durable`, and send to `done`.
    Flush {
        durable: bool,
        done: oneshot::Sender<()>,
    },
    /// Nothing is left, and nothing will come.
    End,
}

/// The chunks of one class.
#[derive(Debug, Default)]
struct ClassQueue {
    chunks: VecDeque<Chunk>,
    queued_bytes: usize,
    /// Of the chunks that are being delivered.
    delivering_bytes: usize,
    /// When the first record that is being delivered was emitted.
    delivering_since: Option<u64>,
    /// The number of chunks that were ever pushed.
    pushed: u64,
}

impl ClassQueue {
    /// Pushes a chunk. Returns the number of records of the oldest chunks that had to be dropped.
    fn push(&mut self, chunk: Chunk, max_bytes: usize) -> usize {
        let mut dropped = 0;
        while self.queued_bytes + self.delivering_bytes + chunk.bytes() > max_bytes {
            let Some(oldest) = self.pop() else { break };
            dropped += oldest.len();
        }
        self.queued_bytes += chunk.bytes();
        self.pushed += 1;
        self.chunks.push_back(chunk);
        dropped
    }

    fn pop(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.pop_front()?;
        self.queued_bytes -= chunk.bytes();
        Some(chunk)
    }

    /// Moves the next chunk to those that are being delivered.
    fn deliver(&mut self) -> Option<Chunk> {
        let chunk = self.pop()?;
        self.delivering_bytes += chunk.bytes();
        self.delivering_since = self.delivering_since.or(chunk.emitted_at());
        Some(chunk)
    }

    /// Notes that what was being delivered is done.
    fn end_delivery(&mut self) {
        self.delivering_bytes = 0;
        self.delivering_since = None;
    }

    /// Returns when the oldest record was emitted, in microseconds since the Unix epoch.
    fn oldest(&self) -> Option<u64> {
        let first = || self.chunks.front().and_then(Chunk::emitted_at);
        self.delivering_since.or_else(first)
    }

    /// Returns the number of chunks that have left the queue.
    fn left(&self) -> u64 {
        self.pushed - self.chunks.len() as u64
    }
}

/// A flush, and how many chunks were pushed before it.
#[derive(Debug)]
struct PendingFlush {
    important: u64,
    ordinary: u64,
    durable: bool,
    done: oneshot::Sender<()>,
}

/// The chunks and flushes that wait for one sink.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    important: ClassQueue,
    ordinary: ClassQueue,
    flushes: VecDeque<PendingFlush>,
    is_closed: bool,
}

impl Backlog {
    /// Pushes a chunk of a class. Returns the number of older records of the class that had to be dropped for it.
    pub(super) fn push(&mut self, class: Class, chunk: Chunk) -> usize {
        match class {
            Class::Important => self.important.push(chunk, MAX_IMPORTANT_BYTES),
            Class::Ordinary => self.ordinary.push(chunk, MAX_ORDINARY_BYTES),
        }
    }

    pub(super) fn push_flush(&mut self, durable: bool, done: oneshot::Sender<()>) {
        self.flushes.push_back(PendingFlush {
            important: self.important.pushed,
            ordinary: self.ordinary.pushed,
            durable,
            done,
        });
    }

    pub(super) fn drop_flushes(&mut self) {
        self.flushes.clear();
    }

    pub(super) fn close(&mut self) {
        self.is_closed = true;
    }

    /// Returns whether [`next`](Self::next) would return some work.
    pub(super) fn has_work(&self) -> bool {
        self.is_closed || !self.flushes.is_empty() || self.has_chunks()
    }

    fn has_chunks(&self) -> bool {
        !self.important.chunks.is_empty() || !self.ordinary.chunks.is_empty()
    }

    /// Returns when the oldest record that waits or is being delivered was emitted, in microseconds since the Unix epoch.
    pub(super) fn oldest(&self) -> Option<u64> {
        let classes = [self.important.oldest(), self.ordinary.oldest()];
        classes.into_iter().flatten().min()
    }

    /// Returns what to do next; the work before it is done.
    pub(super) fn next(&mut self) -> Option<Work> {
        self.important.end_delivery();
        self.ordinary.end_delivery();
        if let Some(flush) = self.flushes.pop_front_if(|flush| {
            self.important.left() >= flush.important && self.ordinary.left() >= flush.ordinary
        }) {
            let PendingFlush { durable, done, .. } = flush;
            return Some(Work::Flush { durable, done });
        }
        if self.has_chunks() {
            return Some(Work::Deliver(self.batch()));
        }
        self.is_closed.then_some(Work::End)
    }

    /// Removes the next chunks, the important ones first, up to the size of a batch.
    fn batch(&mut self) -> Batch {
        let (mut chunks, mut records, mut bytes) = (Vec::new(), 0, 0);
        for queue in [&mut self.important, &mut self.ordinary] {
            while let Some(next) = queue.chunks.front() {
                records += next.len();
                bytes += next.bytes();
                let is_full = records > MAX_RECORDS || bytes > MAX_BATCH_BYTES;
                if is_full && !chunks.is_empty() {
                    return Batch::new(chunks);
                }
                chunks.extend(queue.deliver());
            }
        }
        Batch::new(chunks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Record;
    use crate::sink::Source;

    fn chunk(records: usize, text: usize) -> Chunk {
        chunk_at(0, records, text)
    }

    fn chunk_at(timestamp: u64, records: usize, text: usize) -> Chunk {
        let source = Source::default();
        let records: Vec<_> = (0..records)
            .map(|_| {
                let mut record = Box::new(Record {
                    timestamp,
                    ..Record::default()
                });
                record.fields.push_text("text", &"x".repeat(text));
                record
            })
            .collect();
        Chunk::next(&mut records.into_iter(), &source).unwrap()
    }

    /// Returns the sizes of the batches that wait.
    fn deliveries(backlog: &mut Backlog) -> Vec<usize> {
        let next = || match backlog.next() {
            Some(Work::Deliver(batch)) => Some(batch.len()),
            _ => None,
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn single_records_of_a_long_outage_are_kept_and_merged_into_full_batches() {
        let mut backlog = Backlog::default();
        let dropped: usize = (0..9_000)
            .map(|_| backlog.push(Class::Ordinary, chunk(1, 600)))
            .sum();
        assert_eq!(dropped, 0);
        let sizes = deliveries(&mut backlog);
        assert_eq!((sizes.iter().sum::<usize>(), sizes.len()), (9_000, 18));
    }

    #[test]
    fn a_flood_drops_the_oldest_ordinary_records_and_no_important_one() {
        let mut backlog = Backlog::default();
        let mut dropped = 0;
        for _ in 0..2_000 {
            dropped += backlog.push(Class::Ordinary, chunk(1, 60_000));
            assert_eq!(backlog.push(Class::Important, chunk(1, 100)), 0);
        }
        assert!(dropped > 1_000, "{dropped}");
        assert!(backlog.ordinary.queued_bytes <= MAX_ORDINARY_BYTES);
        let kept: usize = deliveries(&mut backlog).iter().sum();
        assert_eq!(kept, 4_000 - dropped);
    }

    #[test]
    fn important_records_are_bounded_and_what_is_being_delivered_counts() {
        let mut backlog = Backlog::default();
        let push = |backlog: &mut Backlog| backlog.push(Class::Important, chunk(10, 60_000));
        while push(&mut backlog) == 0 {}
        let Some(Work::Deliver(batch)) = backlog.next() else {
            panic!("there is a batch");
        };
        assert!(batch.len() > 10);
        let held = backlog.important.queued_bytes + backlog.important.delivering_bytes;
        assert!((MAX_IMPORTANT_BYTES / 2..=MAX_IMPORTANT_BYTES).contains(&held));
        assert!(
            push(&mut backlog) > 0,
            "the batch in delivery still holds memory"
        );
        deliveries(&mut backlog);
        assert_eq!(push(&mut backlog), 0);
    }

    #[test]
    fn a_flush_comes_after_all_that_was_pushed_before_it_and_not_after_more() {
        let mut backlog = Backlog::default();
        backlog.push(Class::Ordinary, chunk(512, 1));
        backlog.push(Class::Important, chunk(1, 1));
        backlog.push_flush(true, oneshot::channel().0);
        backlog.push(Class::Ordinary, chunk(512, 1));
        assert!(matches!(backlog.next(), Some(Work::Deliver(batch)) if batch.len() == 1));
        assert!(matches!(backlog.next(), Some(Work::Deliver(_))));
        assert!(matches!(
            backlog.next(),
            Some(Work::Flush { durable: true, .. })
        ));
        backlog.close();
        assert!(matches!(backlog.next(), Some(Work::Deliver(_))));
        assert!(matches!(backlog.next(), Some(Work::End)));
    }

    #[test]
    fn the_oldest_record_may_wait_or_be_in_delivery_and_be_of_either_class() {
        let mut backlog = Backlog::default();
        assert_eq!(backlog.oldest(), None);
        backlog.push(Class::Important, chunk_at(20, 512, 1));
        backlog.push(Class::Ordinary, chunk_at(10, 512, 1));
        backlog.push(Class::Ordinary, chunk_at(30, 512, 1));
        // The important records are delivered first.
        for oldest in [10, 10, 30] {
            assert!(matches!(backlog.next(), Some(Work::Deliver(_))));
            assert_eq!(backlog.oldest(), Some(oldest));
        }
        assert!(backlog.next().is_none());
        assert_eq!(backlog.oldest(), None);
    }

    #[test]
    fn without_work_there_is_nothing_until_the_close() {
        let mut backlog = Backlog::default();
        assert!(!backlog.has_work() && backlog.next().is_none());
        backlog.close();
        assert!(backlog.has_work() && matches!(backlog.next(), Some(Work::End)));
    }
}
