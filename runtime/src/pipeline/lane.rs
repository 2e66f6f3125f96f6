//! A sink's own queue and task: it delivers batch after batch, and tries again what did not arrive.
//!
//! One sink's trouble is that sink's alone: a lane that is full drops for its own sink, and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::books::{Book, Dropped};
use super::trouble::{Ailment, Illness, whole};
use crate::clock;
use crate::sink::{Batch, DeliveryError, Sink};

/// So many batches wait for a sink at most.
const LANE: usize = 256;

/// So many bytes of batches wait for a sink at most.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// A sink that takes longer over one batch is in trouble.
const STALLED: Duration = Duration::from_secs(5);

const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// What a lane does, in order.
enum Job {
    Deliver(Batch),
    /// Answers once everything before it was delivered, and synced if it is durable.
    Flush {
        durable: bool,
        done: oneshot::Sender<()>,
    },
}

/// The sending end of a lane, and its task.
#[derive(Debug)]
pub(super) struct Lane {
    jobs: mpsc::Sender<Job>,
    /// Of the batches in the lane.
    bytes: Arc<AtomicUsize>,
    book: Arc<Book>,
    task: JoinHandle<()>,
}

impl Lane {
    /// Starts the task on the current runtime. It opens the sink first and says how that went.
    pub(super) fn start<S: Sink>(
        sink: S,
        book: Arc<Book>,
        opened: oneshot::Sender<Option<Illness>>,
    ) -> Self {
        let (jobs, queue) = mpsc::channel(LANE);
        let bytes = Arc::new(AtomicUsize::new(0));
        let runner = Runner {
            sink,
            bytes: Arc::clone(&bytes),
            book: Arc::clone(&book),
        };
        let task = tokio::spawn(runner.run(queue, opened));
        Self {
            jobs,
            bytes,
            book,
            task,
        }
    }

    /// Puts a batch into the lane; a lane that is full, or holds too many bytes, drops it, and counts.
    pub(super) fn offer(&self, batch: Batch) {
        let (records, weight) = (batch.len(), batch.weight());
        if self.bytes.load(Ordering::Relaxed) + weight > MAX_BYTES {
            return self.book.drop_records(Dropped::LaneFull, records);
        }
        self.bytes.fetch_add(weight, Ordering::Relaxed);
        let Err(refused) = self.jobs.try_send(Job::Deliver(batch)) else {
            return;
        };
        self.bytes.fetch_sub(weight, Ordering::Relaxed);
        match refused {
            mpsc::error::TrySendError::Full(_) => {
                self.book.drop_records(Dropped::LaneFull, records);
            }
            mpsc::error::TrySendError::Closed(_) => {
                self.book.drop_records(Dropped::Refused, records);
                let why = "its task panicked; its records are dropped until the next start";
                self.book.is_ill(Illness::new(Ailment::Panicked, why));
            }
        }
    }

    /// Resolves to true once everything that was offered before has been delivered.
    pub(super) fn flush(&self, durable: bool) -> impl Future<Output = bool> + Send + 'static {
        let (done, answer) = oneshot::channel();
        let jobs = self.jobs.clone();
        async move { jobs.send(Job::Flush { durable, done }).await.is_ok() && answer.await.is_ok() }
    }

    /// Ends the lane once it is empty.
    pub(super) async fn finish(self) {
        drop(self.jobs);
        // A task that panicked has ended too; its records stay pending in the book.
        let _ended = self.task.await;
    }
}

struct Runner<S> {
    sink: S,
    bytes: Arc<AtomicUsize>,
    book: Arc<Book>,
}

impl<S: Sink> Runner<S> {
    async fn run(
        mut self,
        mut queue: mpsc::Receiver<Job>,
        opened: oneshot::Sender<Option<Illness>>,
    ) {
        let trouble = self.sink.open().await.err().map(|error| retrying(&error));
        match trouble.clone() {
            Some(illness) => self.book.note(illness),
            None => self.book.is_well(),
        }
        let is_open = trouble.is_none();
        // Nobody waits for it any more: then nobody needs to know.
        let _unheard = opened.send(trouble);
        let mut next = if is_open {
            queue.recv().await
        } else {
            self.reopen(&mut queue).await
        };
        while let Some(job) = next {
            match job {
                Job::Deliver(batch) => {
                    let weight = batch.weight();
                    self.deliver(batch).await;
                    self.bytes.fetch_sub(weight, Ordering::Relaxed);
                }
                Job::Flush { durable, done } => self.flush(durable, done).await,
            }
            next = queue.recv().await;
        }
        self.sink.close().await;
    }

    /// Opens again and again, so that an idle service is well as soon as it can be; until there is something to do,
    /// which opens too. Gives that.
    async fn reopen(&mut self, queue: &mut mpsc::Receiver<Job>) -> Option<Job> {
        let mut pause = FIRST_RETRY;
        loop {
            tokio::select! {
                biased;
                job = queue.recv() => return job,
                () = tokio::time::sleep(pause) => {}
            }
            match self.sink.open().await {
                Ok(()) => {
                    self.book.is_well();
                    return queue.recv().await;
                }
                Err(error) => self.book.is_ill(retrying(&error)),
            }
            pause = jittered(pause * 2).min(LAST_RETRY);
        }
    }

    async fn deliver(&mut self, batch: Batch) {
        let records = batch.len();
        let mut pause = FIRST_RETRY;
        loop {
            match self.attempt(batch.clone()).await {
                Ok(()) => {
                    self.book.deliver(records);
                    return self.book.is_well();
                }
                Err(error @ DeliveryError::Permanent { .. }) => {
                    self.book.drop_records(Dropped::Refused, records);
                    let why = format!("{}; its records are dropped", whole(&error));
                    return self.book.is_ill(Illness::new(Ailment::Refused, why));
                }
                Err(error) => {
                    self.book.is_ill(retrying(&error));
                    tokio::time::sleep(error.after().unwrap_or(pause)).await;
                    pause = jittered(pause * 2).min(LAST_RETRY);
                }
            }
        }
    }

    /// One delivery, however long it takes; tells of one that stalls.
    async fn attempt(&mut self, batch: Batch) -> Result<(), DeliveryError> {
        let mut delivery = std::pin::pin!(self.sink.deliver(batch));
        if let Ok(delivered) = tokio::time::timeout(STALLED, &mut delivery).await {
            return delivered;
        }
        let seconds = STALLED.as_secs();
        let why = format!("has not taken a batch within {seconds} s; waiting");
        self.book.is_ill(Illness::new(Ailment::Stalled, why));
        delivery.await
    }

    async fn flush(&mut self, durable: bool, done: oneshot::Sender<()>) {
        // Without an answer the flush reports that this sink did not make it.
        if !durable || self.sink.sync().await.is_ok() {
            let _unheard = done.send(());
        }
    }
}

fn retrying(error: &DeliveryError) -> Illness {
    let why = format!("{}; trying again", whole(error));
    Illness::new(Ailment::Unavailable, why)
}

/// Somewhere between half of it and all of it, so that many processes do not retry in step.
fn jittered(pause: Duration) -> Duration {
    let half = pause / 2;
    let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(clock::random() % spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;
    use crate::pipeline::Pipeline;
    use crate::record::{Level, Pool, Record, Service};

    struct Stuck;

    impl Sink for Stuck {
        const NAME: &'static str = "stuck";

        async fn deliver(&mut self, _: Batch) -> Result<(), DeliveryError> {
            std::future::pending().await
        }
    }

    fn service() -> Service {
        Service {
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
        let book = Arc::new(Book::new(Stuck::NAME, &Arc::new(pipeline)));
        let (opened, _) = oneshot::channel();
        let lane = Lane::start(Stuck, Arc::clone(&book), opened);
        for _ in 0..40 {
            lane.offer(batch(100, 60_000));
        }
        let held = lane.bytes.load(Ordering::Relaxed);
        assert!((MAX_BYTES / 2..=MAX_BYTES).contains(&held), "{held}");
        let weight = batch(100, 60_000).weight();
        let balance = book.close(book.take_stock(0), 4_000);
        assert_eq!(balance.dropped, 4_000 - 100 * (held / weight) as u64);
    }
}
