//! The way of a record from the caller to the sinks: queues, a worker of its own, and the books.
//!
//! Home of invariants 4 and 12. What a caller waits for is one push into a bounded queue. The books
//! balance for every sink, to the record: `emitted = delivered + dropped + filtered + pending`.

mod books;
#[cfg(feature = "testing")]
mod kept;
mod lane;
mod levels;
mod notice;
mod ring;
mod trouble;
mod worker;

use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use books::Book;
pub use books::{DeliveryStats, Dropped};
pub(crate) use levels::Levels;
pub use levels::ParseDirectivesError;
use notice::Notice;
use ring::Ring;
pub(crate) use trouble::say;
pub(crate) use worker::{Command, Sinks, Worker, is_worker};

use crate::clock;
use crate::context::headers::Policy;
use crate::metrics::{Name, Registry};
use crate::prices::Prices;
use crate::record::{Level, Pool, Record, Redactor, Service};

/// What the application's threads see of the pipeline.
#[derive(Debug)]
pub(crate) struct Pipeline {
    ring: Ring,
    pool: Arc<Pool>,
    registry: Arc<Registry>,
    service: Arc<Service>,
    levels: Levels,
    prices: Arc<Prices>,
    propagation: Policy,
    /// Only whoever drains the queues needs it.
    redactor: Mutex<Redactor>,
    boot_id: [u8; 16],
    /// No other layer listens to our spans, so their fields need not be told.
    sole_listener: AtomicBool,
    /// The start is over, and was not refused.
    started: AtomicBool,
    closed: AtomicBool,
    books: OnceLock<Vec<Arc<Book>>>,
    /// Of a test's capture: where records go instead of into the queues.
    #[cfg(feature = "testing")]
    kept: Option<kept::Kept>,
    /// Held while the books are closed and read.
    closing: Mutex<()>,
}

impl Pipeline {
    /// A pipeline whose queues hold so many records of less than WARNING, and a quarter as many of the others.
    pub(crate) fn new(
        service: Service,
        levels: impl Into<Levels>,
        registry: Arc<Registry>,
        capacity: usize,
    ) -> Self {
        Self {
            ring: Ring::new(capacity),
            pool: Arc::new(Pool::new(capacity + capacity / 4)),
            registry,
            service: Arc::new(service),
            levels: levels.into(),
            prices: Arc::default(),
            propagation: Policy::default(),
            redactor: Mutex::default(),
            boot_id: boot_id(),
            sole_listener: AtomicBool::new(false),
            started: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            books: OnceLock::new(),
            #[cfg(feature = "testing")]
            kept: None,
            closing: Mutex::new(()),
        }
    }

    /// The same with a table of what models cost.
    pub(crate) fn with_prices(mut self, prices: Arc<Prices>) -> Self {
        self.prices = prices;
        self
    }

    /// A pipeline that no worker empties: it keeps all records until they are taken.
    #[cfg(feature = "testing")]
    pub(crate) fn keeping(service: Service, level: Level) -> Self {
        Self {
            kept: Some(kept::Kept::default()),
            ..Self::new(service, level, Registry::new(), 16)
        }
    }

    /// All that was kept, in its order and without what looks like a secret, and how many records found no more room.
    #[cfg(feature = "testing")]
    pub(crate) fn take_kept(&self) -> (Vec<Box<Record>>, u64) {
        let (mut records, lost) = self.kept.as_ref().map(kept::Kept::take).unwrap_or_default();
        self.redact(&mut records);
        (records, lost)
    }

    pub(crate) fn with_propagation(mut self, propagation: Policy) -> Self {
        self.propagation = propagation;
        self
    }

    /// What goes to other services, and what is believed of them.
    pub(crate) fn propagation(&self) -> &Policy {
        &self.propagation
    }

    pub(crate) fn prices(&self) -> &Prices {
        &self.prices
    }

    /// An empty record, recycled if there is one.
    pub(crate) fn blank(&self) -> Box<Record> {
        self.pool.take()
    }

    /// Takes back a record that is not wanted.
    pub(crate) fn give_back(&self, record: Box<Record>) {
        self.pool.give_back(record);
    }

    /// Hands a record over: numbers it and pushes it. Never blocks; if the queue is full, the oldest record
    /// of its class goes and is counted.
    pub(crate) fn push(&self, record: Box<Record>) {
        #[cfg(feature = "testing")]
        if let Some(kept) = &self.kept {
            return kept.push(record);
        }
        self.ring.push(record, |lost| self.pool.give_back(lost));
        if self.closed.load(Ordering::Relaxed) {
            self.drop_late();
        }
    }

    /// Leaves a record of the pipeline's own; after the end the report has to do.
    fn leave(&self, notice: &Notice) {
        let wanted = self.wants_event(notice.level(), notice::LOGGER);
        if wanted && !self.closed.load(Ordering::Relaxed) {
            let mut record = self.blank();
            notice.fill(&mut record);
            self.push(record);
        }
    }

    /// The start is over: what it has found wrong with sinks leaves its records now, and later trouble when it comes.
    pub(crate) fn begin(&self) {
        self.started.store(true, Ordering::Relaxed);
        self.books().iter().for_each(|book| book.record_trouble());
    }

    fn has_started(&self) -> bool {
        self.started.load(Ordering::Relaxed)
    }

    /// Nobody will come for what is pushed after the end.
    #[cold]
    fn drop_late(&self) {
        let late = self.ring.drain();
        for book in self.books() {
            book.drop_records(Dropped::AfterShutdown, late.len());
        }
        late.into_iter()
            .for_each(|record| self.pool.give_back(record));
    }

    /// Whether a call's record of this level is wanted, from a function of this module.
    pub(crate) fn wants(&self, level: Level, module: &str) -> bool {
        self.levels.keep_call(level, module)
    }

    /// Whether a record of this level may be wanted, wherever it comes from.
    pub(crate) fn may_want(&self, level: Level) -> bool {
        self.levels.least().is_some_and(|least| level >= least)
    }

    /// Whether an event of this level from this target is wanted.
    pub(crate) fn wants_event(&self, level: Level, target: &str) -> bool {
        self.levels.keep_event(level, target)
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

    /// All that waits in the queues, oldest first, without what looks like a secret: nobody else reads records.
    pub(crate) fn drain(&self) -> Vec<Box<Record>> {
        let mut records = self.ring.drain();
        self.redact(&mut records);
        records
    }

    /// Takes what looks like a secret out of records that are on their way out, and counts it.
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

    fn books(&self) -> &[Arc<Book>] {
        self.books.get().map_or(&[], Vec::as_slice)
    }

    /// From now on nobody comes for the records; each is counted as dropped.
    fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        // Pairs with the fence in the queue's push: either the last look into the queue sees a late record,
        // or its pusher sees the end.
        fence(Ordering::SeqCst);
    }

    /// What is wrong with the sinks now.
    pub(crate) fn troubles(&self) -> Vec<String> {
        self.books()
            .iter()
            .filter_map(|book| book.trouble())
            .collect()
    }

    /// How every sink stands now.
    pub(crate) fn balances(&self) -> Vec<DeliveryStats> {
        self.with_balances(|balances| balances)
    }

    /// Gives `read` the balances while the metrics show the very same: the numbers of one exposition balance.
    pub(crate) fn with_balances<R>(&self, read: impl FnOnce(Vec<DeliveryStats>) -> R) -> R {
        let _alone = self.closing.lock().unwrap_or_else(PoisonError::into_inner);
        let overflowed = self.ring.overflowed();
        let taken: Vec<_> = self
            .books()
            .iter()
            .map(|book| book.take_stock(overflowed))
            .collect();
        let emitted = self.ring.emitted();
        let counter = self.registry.counter(Name::RecordsEmitted, &[]);
        counter.raise_to(emitted);
        let books = self.books().iter().zip(taken);
        read(
            books
                .map(|(book, taken)| book.close(taken, emitted))
                .collect(),
        )
    }
}

/// What tells this process' records from those of all others.
fn boot_id() -> [u8; 16] {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&clock::random().to_be_bytes());
    id[8..].copy_from_slice(&clock::random().to_be_bytes());
    id
}
