//! The task of one sink: opens it, delivers its batches in order, and retries those that failed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::backlog::Work;
use super::sink_health::{DegradedKind, error_chain};
use super::sink_queue::SharedBacklog;
use super::stats::{Dropped, SinkStats};
use crate::clock;
use crate::sink::{Batch, Sink, SinkError};

/// A delivery that takes longer is reported as stalled.
const STALLED_AFTER: Duration = Duration::from_secs(5);

const MIN_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(5);

pub(super) struct SinkTask<S> {
    sink: S,
    stats: Arc<SinkStats>,
}

/// Lets the flushes fail that wait for a task which has panicked.
struct FailFlushes<'a>(&'a SharedBacklog);

impl Drop for FailFlushes<'_> {
    fn drop(&mut self) {
        self.0.fail_flushes();
    }
}

impl<S: Sink> SinkTask<S> {
    pub(super) fn new(sink: S, stats: Arc<SinkStats>) -> Self {
        Self { sink, stats }
    }

    /// Opens the sink, sends to `opened` whether that succeeded, and works until the queue is closed and empty.
    pub(super) async fn run(mut self, queue: Arc<SharedBacklog>, opened: oneshot::Sender<bool>) {
        let _guard = FailFlushes(&queue);
        let is_open = self.open().await;
        // The start may have stopped waiting for this sink.
        let _received = opened.send(is_open);
        if !is_open {
            self.reopen(&queue).await;
        }
        loop {
            match queue.next().await {
                Work::Deliver(batch) => self.deliver(batch).await,
                Work::Flush { durable, done } => self.flush(durable, done).await,
                Work::End => break,
            }
        }
        self.sink.close().await;
    }

    /// Opens the sink for the first time, and returns whether that succeeded.
    async fn open(&mut self) -> bool {
        match self.sink.open().await {
            Ok(()) => {
                self.stats.report_recovery();
                true
            }
            Err(error) => {
                let reason = retry_reason(&error);
                self.stats.note_failure(DegradedKind::Unavailable, &reason);
                false
            }
        }
    }

    /// Retries to open the sink, so that an idle service recovers as soon as it can. Returns once it is open, or there is
    /// work: a delivery opens the sink too if it is not open by then.
    async fn reopen(&mut self, queue: &SharedBacklog) {
        let mut delay = MIN_RETRY_DELAY;
        loop {
            tokio::select! {
                biased;
                () = queue.wait() => return,
                () = tokio::time::sleep(delay) => {}
            }
            match self.sink.open().await {
                Ok(()) => return self.stats.report_recovery(),
                Err(error) => self.report_unavailable(&error),
            }
            delay = next_delay(delay);
        }
    }

    /// Delivers a batch, and retries it until the sink accepts or permanently rejects it.
    async fn deliver(&mut self, batch: Batch) {
        let records = batch.len();
        let mut delay = MIN_RETRY_DELAY;
        loop {
            match self.attempt(batch.clone()).await {
                Ok(()) => {
                    self.stats.count_delivered(records);
                    return self.report_delivery();
                }
                Err(error @ SinkError::Permanent { .. }) => {
                    self.stats.count_dropped(Dropped::Refused, records);
                    let reason = format!("{}; its records are dropped", error_chain(&error));
                    return self.stats.report_failure(DegradedKind::Refused, &reason);
                }
                Err(error) => {
                    self.report_unavailable(&error);
                    tokio::time::sleep(error.after().unwrap_or(delay)).await;
                    delay = next_delay(delay);
                    self.stats.count_retry();
                }
            }
        }
    }

    /// Delivers a batch once, however long it takes; reports the sink as stalled after [`STALLED_AFTER`].
    async fn attempt(&mut self, batch: Batch) -> Result<(), SinkError> {
        let mut delivery = std::pin::pin!(self.sink.deliver(batch));
        if let Ok(delivered) = tokio::time::timeout(STALLED_AFTER, &mut delivery).await {
            return delivered;
        }
        let seconds = STALLED_AFTER.as_secs();
        let reason = format!("has not taken a batch within {seconds} s; waiting");
        self.stats.report_failure(DegradedKind::Stalled, &reason);
        delivery.await
    }

    async fn flush(&mut self, durable: bool, done: oneshot::Sender<()>) {
        // If `done` is dropped without a value, the flush returns false for this sink.
        if !durable || self.sink.sync().await.is_ok() {
            let _received = done.send(());
        }
    }

    /// Marks the sink as healthy, unless the destination took the batch and has a problem all the same.
    fn report_delivery(&self) {
        match self.sink.warning() {
            None => self.stats.report_recovery(),
            Some(reason) => self.stats.report_failure(DegradedKind::Impaired, reason),
        }
    }

    fn report_unavailable(&self, error: &SinkError) {
        let reason = retry_reason(error);
        self.stats
            .report_failure(DegradedKind::Unavailable, &reason);
    }
}

fn retry_reason(error: &SinkError) -> String {
    format!("{}; trying again", error_chain(error))
}

/// Doubles the delay up to [`MAX_RETRY_DELAY`], with jitter.
fn next_delay(delay: Duration) -> Duration {
    jittered(delay * 2).min(MAX_RETRY_DELAY)
}

/// Returns a random duration between half of `delay` and all of it, so that many processes do not retry in step.
fn jittered(delay: Duration) -> Duration {
    let half = delay / 2;
    let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(clock::random() % spread)
}
