//! Counts what happened to the records of one sink, and holds the sink's health.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use super::Pipeline;
use super::drops::DropReport;
use super::messages::print_to_stderr;
use super::sink_event::SinkEvent;
use super::sink_health::{DegradedKind, HealthTracker};
use super::sink_queue::SharedBacklog;
use crate::clock;
use crate::metrics::{Counter, Gauge, Name, Registry};

/// Why a record was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dropped {
    /// The ingest queue was full: the application emitted records faster than the worker took them.
    QueueFull,
    /// The sink's own queue was full: the worker took records faster than the sink wrote them.
    SinkQueueFull,
    /// The sink rejected the record permanently.
    Refused,
    /// The record was emitted after the shutdown.
    AfterShutdown,
}

impl Dropped {
    /// Every reason, in the order of the declaration.
    pub const ALL: [Self; 4] = [
        Self::QueueFull,
        Self::SinkQueueFull,
        Self::Refused,
        Self::AfterShutdown,
    ];

    /// Returns the value of the metrics' `reason` label.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::SinkQueueFull => "sink_queue_full",
            Self::Refused => "refused",
            Self::AfterShutdown => "after_shutdown",
        }
    }
}

/// Why a record was not sent to a sink on purpose: by its [`Route`](crate::config::Route).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Filtered {
    /// Its level was too low.
    Level,
    /// It was of another layer.
    Layer,
    /// Its trace was not in the sample.
    Sample,
}

impl Filtered {
    /// Every reason, in the order of the declaration.
    pub const ALL: [Self; 3] = [Self::Level, Self::Layer, Self::Sample];

    /// Returns the value of the metrics' `reason` label.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Layer => "layer",
            Self::Sample => "sample",
        }
    }
}

/// The delivery statistics of one sink: `emitted = delivered + dropped + filtered + pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryStats {
    /// The sink's name, as in the metrics.
    pub sink: &'static str,
    /// Records that the application emitted.
    pub emitted: u64,
    /// Records that the sink accepted.
    pub delivered: u64,
    /// Records that were lost, for any reason.
    pub dropped: u64,
    /// Records that were not sent to this sink on purpose.
    pub filtered: u64,
    /// Records that are still in a queue or being retried.
    pub pending: u64,
    /// Attempts to deliver a batch of records, after the first one.
    pub retried: u64,
    /// The age of the oldest record that waits for this sink or is being delivered to it; `None` if there is none.
    pub oldest_pending: Option<Duration>,
    dropped_by_reason: [u64; Dropped::ALL.len()],
    filtered_by_reason: [u64; Filtered::ALL.len()],
}

impl DeliveryStats {
    fn new(sink: &'static str, counts: Counts, emitted: u64) -> Self {
        let dropped = counts.dropped.iter().sum();
        let filtered = counts.filtered.iter().sum();
        let done = counts.delivered + dropped + filtered;
        Self {
            sink,
            emitted,
            delivered: counts.delivered,
            dropped,
            filtered,
            pending: emitted.saturating_sub(done),
            retried: counts.retried,
            oldest_pending: None,
            dropped_by_reason: counts.dropped,
            filtered_by_reason: counts.filtered,
        }
    }

    /// Returns the number of records that were dropped for this reason. [`dropped`](Self::dropped) is their sum.
    #[must_use]
    pub const fn dropped_for(&self, why: Dropped) -> u64 {
        self.dropped_by_reason[why as usize]
    }

    /// Returns the number of records that were not sent for this reason. [`filtered`](Self::filtered) is their sum.
    #[must_use]
    pub const fn filtered_for(&self, why: Filtered) -> u64 {
        self.filtered_by_reason[why as usize]
    }
}

/// The records that one sink no longer has to deliver, at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    delivered: u64,
    /// By reason.
    dropped: [u64; Dropped::ALL.len()],
    /// By reason.
    filtered: [u64; Filtered::ALL.len()],
    retried: u64,
}

/// The counters and the health of one sink.
#[derive(Debug)]
pub(crate) struct SinkStats {
    sink: &'static str,
    delivered: AtomicU64,
    /// By reason.
    dropped: [AtomicU64; Dropped::ALL.len()],
    /// By reason.
    filtered: [AtomicU64; Filtered::ALL.len()],
    retried: AtomicU64,
    metrics: SinkMetrics,
    /// What waits for the sink, while it runs.
    backlog: OnceLock<Weak<SharedBacklog>>,
    health: HealthTracker,
    /// Records that did not fit into the sink's queue.
    overflow: DropReport,
    /// Receives the records about this sink's failures.
    pipeline: Weak<Pipeline>,
}

/// The metrics of one sink.
#[derive(Debug)]
struct SinkMetrics {
    delivered: Arc<Counter>,
    dropped: [Arc<Counter>; Dropped::ALL.len()],
    filtered: [Arc<Counter>; Filtered::ALL.len()],
    pending: Arc<Gauge>,
    oldest_pending: Arc<Gauge>,
    retried: Arc<Counter>,
}

impl SinkStats {
    pub(super) fn new(sink: &'static str, pipeline: &Arc<Pipeline>) -> Self {
        let registry: &Registry = pipeline.registry();
        let dropped = |why: Dropped| registry.counter(Name::RecordsDropped, &[sink, why.reason()]);
        let filtered =
            |why: Filtered| registry.counter(Name::RecordsFiltered, &[sink, why.reason()]);
        let metrics = SinkMetrics {
            delivered: registry.counter(Name::RecordsDelivered, &[sink]),
            dropped: Dropped::ALL.map(dropped),
            filtered: Filtered::ALL.map(filtered),
            pending: registry.gauge(Name::RecordsPending, &[sink]),
            oldest_pending: registry.gauge(Name::OldestPending, &[sink]),
            retried: registry.counter(Name::DeliveryRetries, &[sink]),
        };
        Self {
            sink,
            delivered: AtomicU64::new(0),
            dropped: Default::default(),
            filtered: Default::default(),
            retried: AtomicU64::new(0),
            metrics,
            backlog: OnceLock::new(),
            health: HealthTracker::default(),
            overflow: DropReport::default(),
            pipeline: Arc::downgrade(pipeline),
        }
    }

    /// Sets what waits for the sink, whose oldest record the stats show.
    pub(super) fn set_backlog(&self, backlog: &Arc<SharedBacklog>) {
        // A sink has one queue.
        let _set = self.backlog.set(Arc::downgrade(backlog));
    }

    /// Marks the sink as degraded without printing a line: the start report prints it.
    pub(super) fn note_failure(&self, kind: DegradedKind, reason: &str) {
        self.health.note(kind, reason);
    }

    /// Marks the sink as degraded, and prints and records it unless that was done already.
    pub(super) fn report_failure(&self, kind: DegradedKind, reason: &str) {
        if let Some(line) = self.health.degrade(self.sink, kind, reason) {
            print_to_stderr(&line);
            self.record_failure();
        }
    }

    /// Marks the sink as healthy, and prints and records it if its failure was.
    pub(super) fn report_recovery(&self) {
        let Some(recovery) = self.health.recover(self.sink) else {
            return;
        };
        print_to_stderr(&recovery.line);
        if let (Some(micros), Some(pipeline)) = (recovery.degraded_micros, self.pipeline.upgrade())
        {
            pipeline.emit_sink_event(&SinkEvent::Recovered {
                sink: self.sink,
                micros,
            });
        }
    }

    /// Emits a record of the current failure, unless there is one already. Before the start is over it emits nothing:
    /// [`Pipeline::mark_started`] calls it again for each sink.
    pub(super) fn record_failure(&self) {
        let pipeline = self.pipeline.upgrade();
        let Some(pipeline) = pipeline.filter(|pipeline| pipeline.has_started()) else {
            return;
        };
        if let Some((kind, reason)) = self.health.take_unrecorded() {
            pipeline.emit_sink_event(&SinkEvent::Failed {
                sink: self.sink,
                kind,
                reason,
            });
        }
    }

    /// Returns the sink's name and why it is degraded, or `None` if it is healthy and dropped nothing lately.
    pub(super) fn degraded_reason(&self) -> Option<String> {
        match self.health.degraded_reason() {
            Some(reason) => Some(format!("{}: {reason}", self.sink)),
            None => self.overflow.warning(self.sink),
        }
    }

    /// Counts records that did not fit into the sink's queue. Prints a line for the first of them.
    pub(super) fn count_overflow(&self, records: usize) {
        self.count_dropped(Dropped::SinkQueueFull, records);
        let total = self.dropped[Dropped::SinkQueueFull as usize].load(Relaxed);
        if let Some(line) = self.overflow.raise_to(total, self.sink) {
            print_to_stderr(&line);
        }
    }

    pub(super) fn count_delivered(&self, records: usize) {
        self.delivered.fetch_add(records as u64, Relaxed);
    }

    /// Counts an attempt after the first one.
    pub(super) fn count_retry(&self) {
        self.retried.fetch_add(1, Relaxed);
    }

    pub(super) fn count_dropped(&self, why: Dropped, records: usize) {
        self.dropped[why as usize].fetch_add(records as u64, Relaxed);
    }

    pub(super) fn count_filtered(&self, by_reason: [usize; Filtered::ALL.len()]) {
        for (counter, records) in self.filtered.iter().zip(by_reason) {
            counter.fetch_add(records as u64, Relaxed);
        }
    }

    /// Reads the counters. `overflowed` records never got past the ingest queue, and are added as dropped.
    pub(super) fn snapshot(&self, overflowed: u64) -> Counts {
        let mut dropped = self.dropped.each_ref().map(|records| records.load(Relaxed));
        dropped[Dropped::QueueFull as usize] += overflowed;
        Counts {
            delivered: self.delivered.load(Relaxed),
            dropped,
            filtered: self
                .filtered
                .each_ref()
                .map(|records| records.load(Relaxed)),
            retried: self.retried.load(Relaxed),
        }
    }

    /// Returns the age of the oldest record that waits or is being delivered.
    fn oldest_pending(&self) -> Option<Duration> {
        let oldest = self.backlog.get()?.upgrade()?.oldest()?;
        let age = clock::now().unix_micros().saturating_sub(oldest);
        Some(Duration::from_micros(age))
    }

    /// Writes a snapshot to the metrics, and returns it with what is pending. `emitted` has to be read after the
    /// snapshot, or more records would be delivered than were emitted.
    pub(super) fn publish(&self, counts: Counts, emitted: u64) -> DeliveryStats {
        let mut stats = DeliveryStats::new(self.sink, counts, emitted);
        stats.oldest_pending = self.oldest_pending().filter(|_| stats.pending > 0);
        self.metrics.delivered.raise_to(counts.delivered);
        self.metrics.retried.raise_to(counts.retried);
        let dropped = self.metrics.dropped.iter().zip(counts.dropped);
        let filtered = self.metrics.filtered.iter().zip(counts.filtered);
        for (counter, records) in dropped.chain(filtered) {
            counter.raise_to(records);
        }
        let whole = |number: u128| i64::try_from(number).unwrap_or(i64::MAX);
        self.metrics.pending.set(whole(stats.pending.into()));
        let age = stats.oldest_pending.unwrap_or_default();
        self.metrics.oldest_pending.set(whole(age.as_millis()));
        stats
    }
}
