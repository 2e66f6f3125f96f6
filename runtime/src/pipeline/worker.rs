//! The worker: a thread with a runtime of its own, which formats records and feeds the sinks.
//!
//! It works in a synchronous program and outlives the application's runtime. What our clients log on this
//! thread is never recorded, so there is no feedback loop.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::Pipeline;
use super::books::{Book, DeliveryStats};
use super::lane::Lane;
use super::trouble::{Ailment, Illness};
use crate::clock;
use crate::record::{Level, Record};
use crate::sink::{Batch, Sink};

/// So many records go into one batch at most; a database takes three hundred or more at its best speed.
const BATCH: usize = 512;

/// While records come, the worker looks for more so often.
const LOOK: Duration = Duration::from_millis(5);

/// After so many looks that found nothing, the worker sleeps until it is woken.
const PATIENCE: u32 = 40;

/// How often the clock is compared and the metrics are tidied.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// How long a start waits for the sinks to open; after that they go on by themselves.
const OPENING: Duration = Duration::from_secs(2);

/// How long a flush waits at most.
const FLUSH_LIMIT: Duration = Duration::from_secs(30);

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is a worker, whose own events are not recorded.
pub(crate) fn is_worker() -> bool {
    IS_WORKER.try_with(Cell::get).unwrap_or(true)
}

/// What the worker is asked to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// Answers true once everything pushed before has been delivered, and synced if it is durable.
    Flush {
        durable: bool,
        done: oneshot::Sender<bool>,
    },
    /// Delivers what it can within this time, and answers how every sink stands then.
    Shutdown {
        within: Duration,
        done: oneshot::Sender<Vec<DeliveryStats>>,
    },
}

type Start = Box<dyn FnOnce(&Arc<Pipeline>) -> (Lane, Arc<Book>, Opened) + Send>;

/// What a sink says once it has tried to open: nothing, or what is wrong.
type Opened = oneshot::Receiver<Option<Illness>>;

/// The sinks of a pipeline, before it runs.
#[derive(Default)]
pub(crate) struct Sinks {
    names: Vec<&'static str>,
    starts: Vec<Start>,
}

impl Sinks {
    pub(crate) fn add<S: Sink>(&mut self, sink: S) {
        self.names.push(S::NAME);
        self.starts.push(Box::new(move |pipeline| {
            let book = Arc::new(Book::new(S::NAME, pipeline));
            let (said, opened) = oneshot::channel();
            let lane = Lane::start(sink, Arc::clone(&book), said);
            (lane, book, opened)
        }));
    }
}

/// The way to a running worker.
#[derive(Debug)]
pub(crate) struct Worker {
    commands: mpsc::UnboundedSender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread, and waits until every sink has tried to open, or two seconds; what is wrong then stands in the
    /// books. Without a thread or a runtime every record is dropped, and counted.
    pub(crate) fn start(
        pipeline: &Arc<Pipeline>,
        sinks: Sinks,
        extra: impl Future<Output = ()> + Send + 'static,
    ) -> (Self, Option<std::io::Error>) {
        let (commands, orders) = mpsc::unbounded_channel();
        let names = sinks.names.clone();
        match spawn(Arc::clone(pipeline), sinks, extra, orders) {
            Ok(thread) => {
                let thread = Some(thread);
                (Self { commands, thread }, None)
            }
            Err(error) => {
                pipeline.close();
                let book = |name: &&'static str| Arc::new(Book::new(name, pipeline));
                // It was not set: there is no worker.
                let _set = pipeline.books.set(names.iter().map(book).collect());
                let thread = None;
                (Self { commands, thread }, Some(error))
            }
        }
    }

    /// False if the worker has ended.
    pub(crate) fn send(&self, command: Command) -> bool {
        self.commands.send(command).is_ok()
    }

    /// Waits for the end of the thread; to be called after its shutdown was answered.
    pub(crate) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A worker that panicked has ended all the same.
            let _ended = thread.join();
        }
    }
}

fn spawn(
    pipeline: Arc<Pipeline>,
    sinks: Sinks,
    extra: impl Future<Output = ()> + Send + 'static,
    orders: mpsc::UnboundedReceiver<Command>,
) -> std::io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (ready, opened) = std::sync::mpsc::channel();
    let thread = std::thread::Builder::new().name("ragspan".to_owned());
    let thread = thread.spawn(move || {
        IS_WORKER.set(true);
        runtime.block_on(async {
            tokio::spawn(extra);
            tokio::spawn(keep_house(Arc::clone(&pipeline)));
            let work = Work::begin(pipeline, sinks, ready).await;
            work.run(orders).await;
        });
        // A write to a reader that stalls must not keep the process from ending.
        runtime.shutdown_background();
    })?;
    // A worker that panicked has nothing to say.
    let _opened = opened.recv();
    Ok(thread)
}

/// Waits for a sink to open, and notes in its book if it takes too long.
async fn wait_for(mut opened: Opened, book: &Book, limit: Pin<&mut Sleep>) {
    tokio::select! {
        biased;
        _ = &mut opened => return,
        () = limit => {}
    }
    let seconds = OPENING.as_secs();
    let why = format!("not open after {seconds} s: see what else holds it; trying on");
    book.note(Illness::new(Ailment::Stalled, why));
    // It may have opened just now, before the note.
    if let Ok(None) = opened.try_recv() {
        book.is_well();
    }
}

/// What has to be done now and then, records or none.
async fn keep_house(pipeline: Arc<Pipeline>) {
    loop {
        tokio::time::sleep(HOUSEKEEPING).await;
        clock::follow_wall_clock();
        pipeline.registry().upkeep();
    }
}

struct Work {
    pipeline: Arc<Pipeline>,
    lanes: Vec<Lane>,
    idle: u32,
}

impl Work {
    async fn begin(
        pipeline: Arc<Pipeline>,
        sinks: Sinks,
        ready: std::sync::mpsc::Sender<()>,
    ) -> Self {
        let (mut lanes, mut books, mut openings) = (Vec::new(), Vec::new(), Vec::new());
        for start in sinks.starts {
            let (lane, book, opened) = start(&pipeline);
            lanes.push(lane);
            books.push(book);
            openings.push(opened);
        }
        // Set once, here, before `start` returns.
        let _set = pipeline.books.set(books);
        let mut limit = pin!(tokio::time::sleep(OPENING));
        for (opened, book) in openings.into_iter().zip(pipeline.books()) {
            wait_for(opened, book, limit.as_mut()).await;
        }
        // `start` waits for this answer.
        let _unheard = ready.send(());
        Self {
            pipeline,
            lanes,
            idle: 0,
        }
    }

    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<Command>) {
        loop {
            self.feed();
            tokio::select! {
                order = orders.recv() => match order {
                    Some(Command::Flush { durable, done }) => self.flush(durable, done),
                    Some(Command::Shutdown { within, done }) => return self.end(within, done).await,
                    None => return self.end(Duration::from_secs(1), oneshot::channel().0).await,
                },
                () = self.rest() => {}
            }
        }
    }

    /// Moves what waits in the queues into the lanes.
    fn feed(&mut self) {
        let records = self.pipeline.drain();
        self.idle = if records.is_empty() {
            self.idle.saturating_add(1)
        } else {
            0
        };
        let critical = records.iter().any(|record| record.level == Level::Critical);
        for batch in batches(records, &self.pipeline) {
            self.lanes.iter().for_each(|lane| lane.offer(batch.clone()));
        }
        // The system may be going down: what says so must not wait in a buffer. Nobody waits for the answer.
        if critical {
            self.reach(true, oneshot::channel().0);
        }
    }

    /// A short pause while records come; a long one, until the next push, when they do not.
    async fn rest(&self) {
        if self.idle < PATIENCE {
            return tokio::time::sleep(LOOK).await;
        }
        self.pipeline.ring.wait().await;
    }

    fn flush(&mut self, durable: bool, done: oneshot::Sender<bool>) {
        self.feed();
        self.reach(durable, done);
    }

    /// Asks every lane behind what it has, and answers from a task of its own: the worker goes on.
    fn reach(&self, durable: bool, done: oneshot::Sender<bool>) {
        let mut lanes: JoinSet<bool> = self.lanes.iter().map(|lane| lane.flush(durable)).collect();
        tokio::spawn(async move {
            let all = async {
                let mut reached = true;
                while let Some(lane) = lanes.join_next().await {
                    reached &= lane.unwrap_or(false);
                }
                reached
            };
            let reached = tokio::time::timeout(FLUSH_LIMIT, all)
                .await
                .unwrap_or(false);
            // Whoever asked has gone: then nobody needs to know.
            let _unheard = done.send(reached);
        });
    }

    async fn end(mut self, within: Duration, done: oneshot::Sender<Vec<DeliveryStats>>) {
        self.pipeline.close();
        self.feed();
        let mut lanes: JoinSet<()> = self.lanes.into_iter().map(Lane::finish).collect();
        let all = async { while lanes.join_next().await.is_some() {} };
        // Past the deadline what is left stays in the books as pending.
        let _in_time = tokio::time::timeout(within, all).await;
        // A drop asks without waiting for the answer.
        let _unheard = done.send(self.pipeline.balances());
    }
}

fn batches(records: Vec<Box<Record>>, pipeline: &Pipeline) -> impl Iterator<Item = Batch> {
    let mut records = records.into_iter();
    std::iter::from_fn(move || {
        let chunk: Vec<_> = records.by_ref().take(BATCH).collect();
        let filled = !chunk.is_empty();
        filled.then(|| {
            Batch::new(
                chunk,
                pipeline.boot_id,
                Arc::clone(&pipeline.service),
                Arc::clone(&pipeline.pool),
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;
    use crate::record::Service;
    use crate::sink::DeliveryError;

    /// Tells of each sync.
    struct Synced(std::sync::mpsc::Sender<()>);

    impl Sink for Synced {
        const NAME: &'static str = "synced";

        async fn deliver(&mut self, _: Batch) -> Result<(), DeliveryError> {
            Ok(())
        }

        async fn sync(&mut self) -> Result<(), DeliveryError> {
            let _gone = self.0.send(());
            Ok(())
        }
    }

    #[test]
    fn what_says_that_the_system_goes_down_is_synced_at_once() {
        let service = Service {
            environment: String::new(),
            version: String::new(),
            host: String::new(),
        };
        let pipeline = Arc::new(Pipeline::new(service, Level::Info, Registry::new(), 16));
        let (say, heard) = std::sync::mpsc::channel();
        let mut sinks = Sinks::default();
        sinks.add(Synced(say));
        let (worker, failed) = Worker::start(&pipeline, sinks, std::future::pending());
        assert!(failed.is_none());
        for level in [Level::Error, Level::Critical] {
            let mut record = pipeline.blank();
            record.level = level;
            pipeline.push(record);
        }
        heard.recv().unwrap();
        // One that is no trouble of the system leaves the disk alone.
        let mut record = pipeline.blank();
        record.level = Level::Error;
        pipeline.push(record);
        let (done, _end) = oneshot::channel();
        let within = Duration::from_secs(5);
        assert!(worker.send(Command::Shutdown { within, done }));
        assert!(
            heard.recv().is_err(),
            "one sync, for the one critical record"
        );
    }
}
