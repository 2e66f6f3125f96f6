//! Moves records from the application's threads to the sinks, on a worker thread, and accounts for each record.
//!
//! Home of invariants 4 and 12. A caller waits for one push into a bounded queue, and no longer. The accounting is
//! exact for every sink, to the record: `emitted = delivered + dropped + filtered + pending`.

mod atomics;
mod backlog;
#[cfg(feature = "testing")]
mod capture_buffer;
mod drops;
mod handshake;
mod ingest_queue;
mod levels;
mod messages;
mod router;
mod sink_event;
mod sink_health;
mod sink_queue;
mod sink_task;
mod stats;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

#[cfg(feature = "testing")]
use capture_buffer::CaptureBuffer;
use drops::DropReport;
use ingest_queue::IngestQueue;
pub(crate) use levels::Levels;
pub use levels::ParseDirectivesError;
pub(crate) use messages::{print_to_stderr, wait_until_printed};
use sink_event::SinkEvent;
use stats::SinkStats;
pub use stats::{DeliveryStats, Dropped, Filtered};
pub(crate) use worker::{Command, FLUSH_TIMEOUT, Sinks, Worker, is_worker};

use crate::clock;
use crate::context::headers::Policy;
use crate::metrics::{Name, Registry};
use crate::prices::Prices;
use crate::record::{Level, Pool, Record, Redactor, Service};
use crate::sink::Source;

/// The name of the ingest queue in reports.
const INGEST: &str = "ingest queue";

/// The part of the pipeline that the application's threads and the worker share.
#[derive(Debug)]
pub(crate) struct Pipeline {
    ingest: IngestQueue,
    pool: Arc<Pool>,
    registry: Arc<Registry>,
    service: Arc<Service>,
    levels: Levels,
    prices: Arc<Prices>,
    propagation: Policy,
    /// Used only where the ingest queue is drained.
    redactor: Mutex<Redactor>,
    boot_id: [u8; 16],
    /// The process that has the worker.
    pid: u32,
    /// No other layer listens to our spans, so their fields need not be recorded.
    sole_listener: AtomicBool,
    /// The start has succeeded.
    started: AtomicBool,
    /// The stats of every sink; set when the worker starts.
    sinks: OnceLock<Vec<Arc<SinkStats>>>,
    /// In a test's capture, stores the records in the place of the ingest queue.
    #[cfg(feature = "testing")]
    capture: Option<CaptureBuffer>,
    /// Held while the stats are written to the metrics and read.
    publishing: Mutex<()>,
    /// Records that were dropped because the ingest queue was full.
    overflow: DropReport,
}

impl Pipeline {
    /// Creates a pipeline whose ingest queue holds `capacity` records below WARNING, and a quarter as many of the
    /// others.
    pub(crate) fn new(
        service: impl Into<Arc<Service>>,
        levels: impl Into<Levels>,
        registry: Arc<Registry>,
        capacity: usize,
    ) -> Self {
        Self {
            ingest: IngestQueue::new(capacity),
            pool: Arc::new(Pool::new(capacity + capacity / 4)),
            registry,
            service: service.into(),
            levels: levels.into(),
            prices: Arc::default(),
            propagation: Policy::default(),
            redactor: Mutex::default(),
            boot_id: boot_id(),
            pid: std::process::id(),
            sole_listener: AtomicBool::new(false),
            started: AtomicBool::new(false),
            sinks: OnceLock::new(),
            #[cfg(feature = "testing")]
            capture: None,
            publishing: Mutex::new(()),
            overflow: DropReport::default(),
        }
    }

    /// Sets the models' prices.
    pub(crate) fn with_prices(mut self, prices: Arc<Prices>) -> Self {
        self.prices = prices;
        self
    }

    /// Creates a pipeline without a worker, which stores all records until [`take_captured`](Self::take_captured).
    #[cfg(feature = "testing")]
    pub(crate) fn capturing(service: Service, level: Level) -> Self {
        Self {
            capture: Some(CaptureBuffer::default()),
            ..Self::new(service, level, Registry::new(), 16)
        }
    }

    /// Removes and returns the captured records, in order and redacted, and the number of records that were lost
    /// because the capture was full.
    #[cfg(feature = "testing")]
    pub(crate) fn take_captured(&self) -> (Vec<Box<Record>>, u64) {
        let capture = self.capture.as_ref();
        let (mut records, lost) = capture.map(CaptureBuffer::take).unwrap_or_default();
        self.redact(&mut records);
        (records, lost)
    }

    /// Sets the propagation policy.
    pub(crate) fn with_propagation(mut self, propagation: Policy) -> Self {
        self.propagation = propagation;
        self
    }

    /// Returns which fields are sent to other services, and whether theirs are trusted.
    pub(crate) fn propagation(&self) -> &Policy {
        &self.propagation
    }

    pub(crate) fn prices(&self) -> &Prices {
        &self.prices
    }

    /// Returns an empty record, recycled if the pool has one.
    pub(crate) fn blank(&self) -> Box<Record> {
        self.pool.take()
    }

    /// Returns a record that will not be pushed to the pool.
    pub(crate) fn give_back(&self, record: Box<Record>) {
        self.pool.give_back(record);
    }

    /// Gives a record its sequence number and pushes it into the ingest queue. Never blocks; if the queue is full, the
    /// oldest record of the same class is dropped and counted.
    pub(crate) fn push(&self, record: Box<Record>) {
        #[cfg(feature = "testing")]
        if let Some(capture) = &self.capture {
            return capture.push(record);
        }
        let recycle = |dropped| self.pool.give_back(dropped);
        let late = |records| self.drop_after_shutdown(records);
        self.ingest.push(record, recycle, late);
    }

    /// Emits a record of a sink's failure or recovery. After the shutdown it does nothing: the shutdown report has the
    /// numbers.
    fn emit_sink_event(&self, event: &SinkEvent) {
        let wanted = self.wants_event(event.level(), sink_event::LOGGER);
        if wanted && !self.ingest.is_closed() {
            let mut record = self.blank();
            event.fill(&mut record);
            self.push(record);
        }
    }

    /// Marks the start as successful. Records the failures of sinks that the start has found; later ones are recorded
    /// when they occur.
    pub(crate) fn mark_started(&self) {
        self.started.store(true, Ordering::Relaxed);
        self.sinks().iter().for_each(|sink| sink.record_failure());
    }

    fn has_started(&self) -> bool {
        self.started.load(Ordering::Relaxed)
    }

    /// Drops and counts records that were pushed after the shutdown.
    #[cold]
    fn drop_after_shutdown(&self, late: Vec<Box<Record>>) {
        for sink in self.sinks() {
            sink.count_dropped(Dropped::AfterShutdown, late.len());
        }
        late.into_iter()
            .for_each(|record| self.pool.give_back(record));
    }

    /// Returns whether the levels allow a call's record of this level, from a function of this module.
    pub(crate) fn wants(&self, level: Level, module: &str) -> bool {
        self.levels.allows_call(level, module)
    }

    /// Returns whether the levels allow a record of this level from at least one target.
    pub(crate) fn may_want(&self, level: Level) -> bool {
        self.levels.min_level().is_some_and(|min| level >= min)
    }

    /// Returns whether the levels allow an event's record of this level and target.
    pub(crate) fn wants_event(&self, level: Level, target: &str) -> bool {
        self.levels.allows_event(level, target)
    }

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    #[cfg(feature = "testing")]
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    pub(crate) fn is_sole_listener(&self) -> bool {
        self.sole_listener.load(Ordering::Relaxed)
    }

    pub(crate) fn set_sole_listener(&self) {
        self.sole_listener.store(true, Ordering::Relaxed);
    }

    /// Removes and returns all records of the ingest queue, oldest first and redacted. Records are read nowhere before
    /// this.
    pub(crate) fn drain(&self) -> Vec<Box<Record>> {
        let mut records = self.ingest.drain();
        self.redact(&mut records);
        records
    }

    /// Replaces the texts that match a redaction rule, and counts them by rule.
    fn redact(&self, records: &mut [Box<Record>]) {
        if records.is_empty() {
            return;
        }
        let mut redactor = self.redactor.lock().unwrap_or_else(PoisonError::into_inner);
        for (rule, count) in redactor.redact(records).iter() {
            let counter = self.registry.counter(Name::Redactions, &[rule]);
            counter.add(count);
        }
    }

    fn sinks(&self) -> &[Arc<SinkStats>] {
        self.sinks.get().map_or(&[], Vec::as_slice)
    }

    /// Returns whether this process was forked from the one that has the worker.
    pub(crate) fn is_forked(&self) -> bool {
        std::process::id() != self.pid
    }

    /// Closes the pipeline: records that are pushed from now on are dropped and counted.
    fn close(&self) {
        self.ingest.close();
    }

    /// Announces that the worker drains the queue once more after this call, and then never again.
    fn end(&self) {
        self.ingest.end();
    }

    /// Returns a line for each sink that is degraded, and for the ingest queue if it dropped records lately.
    pub(crate) fn degraded_parts(&self) -> Vec<String> {
        let sinks = self.sinks().iter().map(|sink| sink.degraded_reason());
        let overflow = std::iter::once_with(|| self.overflow.warning(INGEST));
        sinks.chain(overflow).flatten().collect()
    }

    /// Reports records that were dropped because the ingest queue was full.
    fn report_overflow(&self) {
        if let Some(line) = self.overflow.raise_to(self.ingest.overflowed(), INGEST) {
            print_to_stderr(&line);
        }
    }

    /// Returns what all chunks of this process have in common.
    fn source(&self) -> Source {
        Source {
            boot_id: self.boot_id,
            service: Arc::clone(&self.service),
            pool: Arc::clone(&self.pool),
        }
    }

    /// Returns the current delivery stats of every sink.
    pub(crate) fn delivery_stats(&self) -> Vec<DeliveryStats> {
        self.with_delivery_stats(|stats| stats)
    }

    /// Calls `read` with the delivery stats while the metrics show the same numbers, so that those of one exposition
    /// add up.
    pub(crate) fn with_delivery_stats<R>(&self, read: impl FnOnce(Vec<DeliveryStats>) -> R) -> R {
        let _guard = self
            .publishing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let overflowed = self.ingest.overflowed();
        let snapshots: Vec<_> = self
            .sinks()
            .iter()
            .map(|sink| sink.snapshot(overflowed))
            .collect();
        let emitted = self.ingest.emitted();
        let counter = self.registry.counter(Name::RecordsEmitted, &[]);
        counter.raise_to(emitted);
        let sinks = self.sinks().iter().zip(snapshots);
        read(
            sinks
                .map(|(sink, snapshot)| sink.publish(snapshot, emitted))
                .collect(),
        )
    }
}

/// Returns a random id of this process, which is part of the ids of its records.
fn boot_id() -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&clock::random().to_be_bytes());
    id[8..].copy_from_slice(&clock::random().to_be_bytes());
    id
}
