//! The account of one sink: what became of every record that was emitted.

use std::sync::Arc;

use super::trouble::{Trouble, say};
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
pub struct Balance {
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

/// The counters of one sink; the metrics show the very same.
#[derive(Debug)]
pub(crate) struct Book {
    sink: &'static str,
    delivered: Arc<Counter>,
    queue_full: Arc<Counter>,
    lane_full: Arc<Counter>,
    refused: Arc<Counter>,
    after_shutdown: Arc<Counter>,
    pending: Arc<Gauge>,
    trouble: Trouble,
}

impl Book {
    pub(crate) fn new(sink: &'static str, registry: &Registry) -> Self {
        let dropped = |why: Dropped| registry.counter(Name::RecordsDropped, &[sink, why.reason()]);
        Self {
            sink,
            delivered: registry.counter(Name::RecordsDelivered, &[sink]),
            queue_full: dropped(Dropped::QueueFull),
            lane_full: dropped(Dropped::LaneFull),
            refused: dropped(Dropped::Refused),
            after_shutdown: dropped(Dropped::AfterShutdown),
            pending: registry.gauge(Name::RecordsPending, &[sink]),
            trouble: Trouble::default(),
        }
    }

    /// Something is wrong with the sink, and the start says so.
    pub(super) fn note(&self, why: String) {
        self.trouble.note(why);
    }

    /// Something is wrong with the sink: says so if that is news.
    pub(super) fn is_ill(&self, why: String) {
        if let Some(line) = self.trouble.begin(self.sink, why) {
            say(&line);
        }
    }

    /// The sink does what it should: says so if it was told that it did not.
    pub(super) fn is_well(&self) {
        if let Some(line) = self.trouble.end(self.sink) {
            say(&line);
        }
    }

    /// What is wrong with the sink now, after its name.
    pub(super) fn trouble(&self) -> Option<String> {
        let why = self.trouble.now()?;
        Some(format!("{}: {why}", self.sink))
    }

    pub(super) fn deliver(&self, records: usize) {
        self.delivered.add(records as u64);
    }

    pub(super) fn drop_records(&self, why: Dropped, records: usize) {
        let counter = match why {
            Dropped::QueueFull => &self.queue_full,
            Dropped::LaneFull => &self.lane_full,
            Dropped::Refused => &self.refused,
            Dropped::AfterShutdown => &self.after_shutdown,
        };
        counter.add(records as u64);
    }

    /// Closes the account at this point; `overflowed` records never got past the queue.
    pub(super) fn balance(&self, emitted: u64, overflowed: u64) -> Balance {
        self.queue_full.raise_to(overflowed);
        let dropped = [
            &self.queue_full,
            &self.lane_full,
            &self.refused,
            &self.after_shutdown,
        ];
        let dropped = dropped.into_iter().map(|counter| counter.value()).sum();
        let delivered = self.delivered.value();
        let pending = emitted.saturating_sub(delivered + dropped);
        self.pending.set(i64::try_from(pending).unwrap_or(i64::MAX));
        Balance {
            sink: self.sink,
            emitted,
            delivered,
            dropped,
            filtered: 0,
            pending,
        }
    }
}
