//! The queue of one sink, from the worker to the sink's task.
//!
//! A slow or failing sink affects no other sink: a full queue drops records for its own sink alone, and counts them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::backlog::{Backlog, Class, Work};
use super::router::{Routed, Router};
use super::sink_health::DegradedKind;
use super::sink_task::SinkTask;
use super::stats::{Dropped, SinkStats};
use crate::clock;
use crate::sink::{Chunk, Route, Sink};

/// The part of the queue that the worker and the sink's task share.
#[derive(Debug, Default)]
pub(super) struct SharedBacklog {
    backlog: Mutex<Backlog>,
    changed: Notify,
}

impl SharedBacklog {
    /// Waits for the next work.
    pub(super) async fn next(&self) -> Work {
        loop {
            if let Some(work) = self.backlog().next() {
                return work;
            }
            self.changed.notified().await;
        }
    }

    /// Waits until there is work, or returns at once if there is some.
    pub(super) async fn wait(&self) {
        while !self.backlog().has_work() {
            self.changed.notified().await;
        }
    }

    /// Returns when the oldest record that waits or is being delivered was emitted.
    pub(super) fn oldest(&self) -> Option<u64> {
        self.backlog().oldest()
    }

    /// Drops the flushes that wait, which then fail.
    pub(super) fn fail_flushes(&self) {
        self.backlog().drop_flushes();
    }

    /// Changes the backlog, and wakes the sink's task.
    fn change<T>(&self, change: impl FnOnce(&mut Backlog) -> T) -> T {
        let result = change(&mut self.backlog());
        self.changed.notify_one();
        result
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sending end of a sink's queue, and the handle of its task.
#[derive(Debug)]
pub(super) struct SinkQueue {
    router: Router,
    shared: Arc<SharedBacklog>,
    stats: Arc<SinkStats>,
    task: JoinHandle<()>,
}

impl SinkQueue {
    /// Starts the sink's task on the current runtime. The task first opens the sink, and sends to `opened` whether that
    /// succeeded.
    pub(super) fn start<S: Sink>(
        sink: S,
        route: Route,
        stats: Arc<SinkStats>,
        opened: oneshot::Sender<bool>,
    ) -> Self {
        let shared = Arc::new(SharedBacklog::default());
        stats.set_backlog(&shared);
        let task = SinkTask::new(sink, Arc::clone(&stats));
        let task = tokio::spawn(task.run(Arc::clone(&shared), opened));
        Self {
            router: Router::new(route),
            shared,
            stats,
            task,
        }
    }

    /// Queues the records of a chunk that the sink's route has, and counts the others.
    pub(super) fn offer(&mut self, class: Class, chunk: &Chunk) {
        let routed = self.router.route(class, chunk, clock::now());
        self.accept(routed);
    }

    /// Decides about traces that the route has held for too long.
    pub(super) fn decide_overdue(&mut self) {
        if self.router.holds() {
            let mut routed = Routed::default();
            self.router.decide_overdue(clock::now(), &mut routed);
            self.accept(routed);
        }
    }

    /// Decides about all traces that the route holds.
    pub(super) fn end_routing(&mut self) {
        let routed = self.router.end();
        self.accept(routed);
    }

    /// Whether the route holds records.
    pub(super) fn holds(&self) -> bool {
        self.router.holds()
    }

    fn accept(&self, routed: Routed) {
        self.stats.count_filtered(routed.filtered);
        for (class, chunk) in routed.accepted {
            self.push(class, chunk);
        }
    }

    /// Queues a chunk. If the queue holds too many bytes, drops its oldest records of the same class and counts them.
    fn push(&self, class: Class, chunk: Chunk) {
        if self.task.is_finished() {
            self.stats.count_dropped(Dropped::Refused, chunk.len());
            let reason = "its task panicked; its records are dropped until the next start";
            return self.stats.report_failure(DegradedKind::Panicked, reason);
        }
        let dropped = self.shared.change(|backlog| backlog.push(class, chunk));
        if dropped > 0 {
            self.stats.count_overflow(dropped);
        }
    }

    /// Resolves to true once every record that was queued before has been delivered and, if `durable`, synced.
    pub(super) fn flush(&self, durable: bool) -> impl Future<Output = bool> + Send + 'static {
        let (done, flushed) = oneshot::channel();
        if !self.task.is_finished() {
            self.shared
                .change(|backlog| backlog.push_flush(durable, done));
        }
        async move { flushed.await.is_ok() }
    }

    /// Closes the queue, and waits until the task has delivered everything in it.
    pub(super) async fn finish(self) {
        self.shared.change(Backlog::close);
        // A task that panicked has ended too; its records stay pending in the stats.
        let _ended = self.task.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;
    use crate::pipeline::Pipeline;
    use crate::record::{Level, Record, Service};
    use crate::sink::{Batch, SinkError, Source};

    /// Panics at the first delivery, or never finishes it.
    struct Stuck {
        panics: bool,
    }

    impl Sink for Stuck {
        const NAME: &'static str = "stuck";

        async fn deliver(&mut self, _: Batch) -> Result<(), SinkError> {
            assert!(!self.panics, "as the test wants it");
            std::future::pending().await
        }
    }

    /// Accepts a batch after some attempts that fail.
    struct Failing {
        attempts: usize,
    }

    impl Sink for Failing {
        const NAME: &'static str = "failing";

        async fn deliver(&mut self, _: Batch) -> Result<(), SinkError> {
            match self.attempts.checked_sub(1) {
                None => Ok(()),
                Some(left) => {
                    self.attempts = left;
                    Err(SinkError::Retryable {
                        source: "busy".into(),
                        after: Some(std::time::Duration::ZERO),
                    })
                }
            }
        }
    }

    fn service() -> Service {
        Service::default()
    }

    fn chunk(records: usize, text: usize) -> Chunk {
        chunk_at(0, records, text)
    }

    fn chunk_at(timestamp: u64, records: usize, text: usize) -> Chunk {
        let record = || {
            let mut record = Box::new(Record {
                timestamp,
                ..Record::default()
            });
            record.fields.push_text("text", &"x".repeat(text));
            record
        };
        let records: Vec<_> = (0..records).map(|_| record()).collect();
        let source = Source::default();
        Chunk::next(&mut records.into_iter(), &source).unwrap()
    }

    fn start(panics: bool) -> (SinkQueue, Arc<SinkStats>, Arc<Pipeline>) {
        start_sink(Stuck { panics })
    }

    fn start_sink<S: Sink>(sink: S) -> (SinkQueue, Arc<SinkStats>, Arc<Pipeline>) {
        let pipeline = Arc::new(Pipeline::new(service(), Level::Info, Registry::new(), 4));
        let stats = Arc::new(SinkStats::new(S::NAME, &pipeline));
        let (opened, _) = oneshot::channel();
        let queue = SinkQueue::start(sink, Route::default(), Arc::clone(&stats), opened);
        (queue, stats, pipeline)
    }

    /// Returns the value of a metric of this sink.
    fn metric(pipeline: &Pipeline, name: &str, sink: &str) -> f64 {
        let value = pipeline.registry().value(name, &[("sink", sink)]);
        value.unwrap()
    }

    #[tokio::test]
    async fn attempts_after_the_first_one_are_counted() {
        let (mut queue, stats, pipeline) = start_sink(Failing { attempts: 3 });
        queue.offer(Class::Ordinary, &chunk(2, 1));
        assert!(queue.flush(false).await);
        queue.offer(Class::Ordinary, &chunk(2, 1));
        assert!(queue.flush(false).await);
        let counts = stats.publish(stats.snapshot(0), 4);
        assert_eq!((counts.delivered, counts.retried), (4, 3));
        let shown = metric(&pipeline, "ragspan_delivery_retries_total", "failing");
        assert!((shown - 3.0).abs() < 0.1, "{shown}");
    }

    #[tokio::test]
    async fn the_age_of_the_oldest_record_is_shown_while_it_is_pending() {
        const AGE: std::time::Duration = std::time::Duration::from_secs(90);
        let (mut queue, stats, pipeline) = start(false);
        let publish = |emitted| stats.publish(stats.snapshot(0), emitted).oldest_pending;
        let shown = || metric(&pipeline, "ragspan_oldest_pending_seconds", "stuck");
        assert_eq!(publish(0), None);
        assert!(shown() < 0.001);
        let now = crate::clock::now().unix_micros();
        queue.offer(Class::Ordinary, &chunk_at(now - 90_000_000, 1, 1));
        assert!(publish(1) >= Some(AGE), "it waits");
        tokio::task::yield_now().await;
        queue.offer(Class::Ordinary, &chunk_at(now, 1, 1));
        assert!(publish(2) >= Some(AGE), "it is being delivered");
        assert!(shown() >= 90.0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stuck_sink_drops_and_counts_what_does_not_fit_and_is_degraded() {
        let (mut queue, stats, _pipeline) = start(false);
        for _ in 0..100 {
            queue.offer(Class::Ordinary, &chunk(40, 60_000));
            tokio::task::yield_now().await;
        }
        let counts = stats.publish(stats.snapshot(0), 4_000);
        assert!((2_000..3_950).contains(&counts.dropped), "{counts:?}");
        let reason = stats.degraded_reason().unwrap();
        assert!(reason.contains("records were dropped"), "{reason}");
    }

    #[tokio::test]
    async fn a_flush_of_a_sink_whose_task_has_panicked_fails() {
        let (mut queue, stats, _pipeline) = start(true);
        queue.offer(Class::Ordinary, &chunk(1, 1));
        while !queue.task.is_finished() {
            tokio::task::yield_now().await;
        }
        assert!(!queue.flush(false).await);
        queue.offer(Class::Ordinary, &chunk(2, 1));
        let counts = stats.publish(stats.snapshot(0), 3);
        assert_eq!((counts.dropped, counts.pending), (2, 1));
        queue.finish().await;
    }
}
