//! The bounded queue of one sink, from the worker to the sink's task.
//!
//! A slow or failing sink affects no other sink: a full queue drops batches for its own sink alone, and counts them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::sink_health::DegradedKind;
use super::sink_task::{Job, SinkTask};
use super::stats::{Dropped, SinkStats};
use crate::sink::{Batch, Sink};

/// The most batches that wait for one sink.
const MAX_BATCHES: usize = 256;

/// The most bytes of batches that wait for one sink.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The sending end of a sink's queue, and the handle of its task.
#[derive(Debug)]
pub(super) struct SinkQueue {
    jobs: mpsc::Sender<Job>,
    /// Of the batches that are queued or being delivered.
    bytes: Arc<AtomicUsize>,
    stats: Arc<SinkStats>,
    task: JoinHandle<()>,
}

impl SinkQueue {
    /// Starts the sink's task on the current runtime. The task first opens the sink, and sends to `opened` whether that
    /// succeeded.
    pub(super) fn start<S: Sink>(
        sink: S,
        stats: Arc<SinkStats>,
        opened: oneshot::Sender<bool>,
    ) -> Self {
        let (jobs, receiver) = mpsc::channel(MAX_BATCHES);
        let bytes = Arc::new(AtomicUsize::new(0));
        let task = SinkTask::new(sink, Arc::clone(&bytes), Arc::clone(&stats));
        let task = tokio::spawn(task.run(receiver, opened));
        Self {
            jobs,
            bytes,
            stats,
            task,
        }
    }

    /// Queues a batch. If the queue is full or holds too many bytes, drops the batch and counts its records.
    pub(super) fn offer(&self, batch: Batch) {
        let (records, weight) = (batch.len(), batch.weight());
        if self.bytes.load(Ordering::Relaxed) + weight > MAX_BYTES {
            return self.stats.count_dropped(Dropped::SinkQueueFull, records);
        }
        self.bytes.fetch_add(weight, Ordering::Relaxed);
        let Err(error) = self.jobs.try_send(Job::Deliver(batch)) else {
            return;
        };
        self.bytes.fetch_sub(weight, Ordering::Relaxed);
        match error {
            mpsc::error::TrySendError::Full(_) => {
                self.stats.count_dropped(Dropped::SinkQueueFull, records);
            }
            mpsc::error::TrySendError::Closed(_) => {
                self.stats.count_dropped(Dropped::Refused, records);
                let reason = "its task panicked; its records are dropped until the next start";
                self.stats.report_failure(DegradedKind::Panicked, reason);
            }
        }
    }

    /// Resolves to true once every batch that was queued before has been delivered and, if `durable`, synced.
    pub(super) fn flush(&self, durable: bool) -> impl Future<Output = bool> + Send + 'static {
        let (done, flushed) = oneshot::channel();
        let jobs = self.jobs.clone();
        async move { jobs.send(Job::Flush { durable, done }).await.is_ok() && flushed.await.is_ok() }
    }

    /// Closes the queue, and waits until the task has delivered everything in it.
    pub(super) async fn finish(self) {
        drop(self.jobs);
        // A task that panicked has ended too; its records stay pending in the stats.
        let _ended = self.task.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;
    use crate::pipeline::Pipeline;
    use crate::record::{Level, Pool, Record, Service};
    use crate::sink::SinkError;

    struct Stuck;

    impl Sink for Stuck {
        const NAME: &'static str = "stuck";

        async fn deliver(&mut self, _: Batch) -> Result<(), SinkError> {
            std::future::pending().await
        }
    }

    fn service() -> Service {
        Service {
            name: String::new(),
            environment: String::new(),
            version: String::new(),
            host: String::new(),
        }
    }

    fn batch(records: usize, text: usize) -> Batch {
        let record = || {
            let mut record = Box::new(Record::default());
            record.fields.push_text("text", &"x".repeat(text));
            record
        };
        let records = (0..records).map(|_| record()).collect();
        Batch::new(
            records,
            [0; 16],
            Arc::new(service()),
            Arc::new(Pool::new(1)),
        )
    }

    #[tokio::test]
    async fn a_stuck_sink_holds_a_bounded_number_of_bytes_and_every_drop_is_counted() {
        let pipeline = Pipeline::new(service(), Level::Info, Registry::new(), 4);
        let stats = Arc::new(SinkStats::new(Stuck::NAME, &Arc::new(pipeline)));
        let (opened, _) = oneshot::channel();
        let queue = SinkQueue::start(Stuck, Arc::clone(&stats), opened);
        for _ in 0..40 {
            queue.offer(batch(100, 60_000));
        }
        let held = queue.bytes.load(Ordering::Relaxed);
        assert!((MAX_BYTES / 2..=MAX_BYTES).contains(&held), "{held}");
        let weight = batch(100, 60_000).weight();
        let stats = stats.publish(stats.snapshot(0), 4_000);
        assert_eq!(stats.dropped, 4_000 - 100 * (held / weight) as u64);
    }
}
