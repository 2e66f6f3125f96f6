//! The account of one sink: what became of every record that was emitted.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Weak};

use super::Pipeline;
use super::notice::Notice;
use super::trouble::{Illness, Trouble, say};
use crate::metrics::{Counter, Gauge, Name, Registry};

/// Why a record did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dropped {
    /// The application was faster than the worker: the queue was full.
    QueueFull,
    /// The sink was slower than the worker: its lane was full.
    LaneFull,
    /// The sink refused it for good.
    Refused,
    /// It was emitted after the shutdown.
    AfterShutdown,
}

impl Dropped {
    /// Every reason, in the order of the declaration.
    pub const ALL: [Self; 4] = [
        Self::QueueFull,
        Self::LaneFull,
        Self::Refused,
        Self::AfterShutdown,
    ];

    /// The value of the metrics' `reason` label.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::LaneFull => "lane_full",
            Self::Refused => "refused",
            Self::AfterShutdown => "after_shutdown",
        }
    }
}

/// How one sink stands: `emitted = delivered + dropped + filtered + pending`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryStats {
    /// The sink's name, as in the metrics.
    pub sink: &'static str,
    /// Records that the application emitted.
    pub emitted: u64,
    /// Records that the sink has taken.
    pub delivered: u64,
    /// Records that are lost, for any reason.
    pub dropped: u64,
    /// Records that this sink was not meant to get.
    pub filtered: u64,
    /// Records that are on their way.
    pub pending: u64,
}

impl DeliveryStats {
    fn new(sink: &'static str, taken: Taken, emitted: u64) -> Self {
        let dropped = taken.dropped.iter().sum();
        Self {
            sink,
            emitted,
            delivered: taken.delivered,
            dropped,
            filtered: 0,
            pending: emitted.saturating_sub(taken.delivered + dropped),
        }
    }
}

/// What became of the records that a sink was done with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taken {
    delivered: u64,
    /// By reason.
    dropped: [u64; Dropped::ALL.len()],
}

/// The account of one sink.
#[derive(Debug)]
pub(crate) struct Book {
    sink: &'static str,
    delivered: AtomicU64,
    /// By reason.
    dropped: [AtomicU64; Dropped::ALL.len()],
    shown: Shown,
    trouble: Trouble,
    /// Where a trouble leaves its records.
    pipeline: Weak<Pipeline>,
}

/// The account as the metrics show it.
#[derive(Debug)]
struct Shown {
    delivered: Arc<Counter>,
    dropped: [Arc<Counter>; Dropped::ALL.len()],
    pending: Arc<Gauge>,
}

impl Book {
    pub(super) fn new(sink: &'static str, pipeline: &Arc<Pipeline>) -> Self {
        let registry: &Registry = pipeline.registry();
        let dropped = |why: Dropped| registry.counter(Name::RecordsDropped, &[sink, why.reason()]);
        let shown = Shown {
            delivered: registry.counter(Name::RecordsDelivered, &[sink]),
            dropped: Dropped::ALL.map(dropped),
            pending: registry.gauge(Name::RecordsPending, &[sink]),
        };
        Self {
            sink,
            delivered: AtomicU64::new(0),
            dropped: Default::default(),
            shown,
            trouble: Trouble::default(),
            pipeline: Arc::downgrade(pipeline),
        }
    }

    /// Something is wrong with the sink, and the start says so.
    pub(super) fn note(&self, illness: Illness) {
        self.trouble.note(illness);
    }

    /// Something is wrong with the sink: says so if that is news.
    pub(super) fn is_ill(&self, illness: Illness) {
        if let Some(line) = self.trouble.begin(self.sink, illness) {
            say(&line);
            self.record_trouble();
        }
    }

    /// The sink does what it should: says so if it was told that it did not.
    pub(super) fn is_well(&self) {
        let Some(over) = self.trouble.end(self.sink) else {
            return;
        };
        say(&over.line);
        if let (Some(micros), Some(pipeline)) = (over.recorded, self.pipeline.upgrade()) {
            pipeline.leave(&Notice::Recovered {
                sink: self.sink,
                micros,
            });
        }
    }

    /// Leaves a record of what is wrong now, unless there is one; the start leaves those of what it has found.
    pub(super) fn record_trouble(&self) {
        let pipeline = self.pipeline.upgrade();
        let Some(pipeline) = pipeline.filter(|pipeline| pipeline.has_started()) else {
            return;
        };
        if let Some(illness) = self.trouble.unrecorded() {
            pipeline.leave(&Notice::Failed {
                sink: self.sink,
                illness,
            });
        }
    }

    /// What is wrong with the sink now, after its name.
    pub(super) fn trouble(&self) -> Option<String> {
        let why = self.trouble.now()?;
        Some(format!("{}: {why}", self.sink))
    }

    pub(super) fn deliver(&self, records: usize) {
        self.delivered.fetch_add(records as u64, Relaxed);
    }

    pub(super) fn drop_records(&self, why: Dropped, records: usize) {
        self.dropped[why as usize].fetch_add(records as u64, Relaxed);
    }

    /// Takes stock; `overflowed` records never got past the queue.
    pub(super) fn take_stock(&self, overflowed: u64) -> Taken {
        let mut dropped = self.dropped.each_ref().map(|records| records.load(Relaxed));
        dropped[Dropped::QueueFull as usize] += overflowed;
        Taken {
            delivered: self.delivered.load(Relaxed),
            dropped,
        }
    }

    /// Closes the account and shows it. `emitted` was read after stock was taken, or records would
    /// be done with that were never emitted.
    pub(super) fn close(&self, taken: Taken, emitted: u64) -> DeliveryStats {
        let balance = DeliveryStats::new(self.sink, taken, emitted);
        self.shown.delivered.raise_to(taken.delivered);
        for (counter, records) in self.shown.dropped.iter().zip(taken.dropped) {
            counter.raise_to(records);
        }
        self.shown
            .pending
            .set(i64::try_from(balance.pending).unwrap_or(i64::MAX));
        balance
    }
}
