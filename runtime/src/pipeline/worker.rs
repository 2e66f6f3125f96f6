//! Runs the worker: a thread with a runtime of its own, which formats records and passes them to the sinks.
//!
//! The worker needs no runtime of the application, and outlives it. Events that our own clients emit on this thread
//! are never recorded, so there is no feedback loop.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Sleep;

use super::Pipeline;
use super::backlog::Class;
use super::sink_health::DegradedKind;
use super::sink_queue::SinkQueue;
use super::stats::{DeliveryStats, SinkStats};
use crate::clock;
use crate::record::{Level, Record};
use crate::sink::{Blocking, Chunk, Route, Sink, Source};

/// How often an awake worker polls the ingest queue.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// After this many polls that found nothing, the worker sleeps until it is woken.
const MAX_IDLE_POLLS: u32 = 40;

/// How often an idle worker looks for held traces that are overdue.
const HELD_INTERVAL: Duration = Duration::from_secs(1);

/// How often the clock is compared with the wall clock, and the metrics' upkeep runs.
const HOUSEKEEPING_INTERVAL: Duration = Duration::from_secs(5);

/// How long the start waits for the sinks to open; after that they go on opening in the background.
const OPEN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a flush waits at most.
pub(crate) const FLUSH_TIMEOUT: Duration = Duration::from_secs(30);

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether this thread is a worker, whose own events are not recorded.
pub(crate) fn is_worker() -> bool {
    IS_WORKER.try_with(Cell::get).unwrap_or(true)
}

/// A request to the worker.
#[derive(Debug)]
pub(crate) enum Command {
    /// Sends true to `done` once everything pushed before has been delivered and, if `durable`, synced.
    Flush {
        durable: bool,
        done: SyncSender<bool>,
    },
    /// Delivers as many records as possible within this time, and then sends the stats of every sink to `done`.
    Shutdown {
        within: Duration,
        done: SyncSender<Vec<DeliveryStats>>,
    },
}

type StartSink =
    Box<dyn FnOnce(&Arc<Pipeline>) -> (SinkQueue, Arc<SinkStats>, OpenedReceiver) + Send>;

/// Receives whether a sink could be opened, once it has tried.
type OpenedReceiver = oneshot::Receiver<bool>;

/// The sinks of a pipeline, before it runs.
#[derive(Default)]
pub(crate) struct Sinks {
    names: Vec<&'static str>,
    starts: Vec<StartSink>,
}

impl Sinks {
    pub(crate) fn add<S: Sink>(&mut self, sink: S, route: Route) {
        self.names.push(S::NAME);
        self.starts.push(Box::new(move |pipeline| {
            let stats = Arc::new(SinkStats::new(S::NAME, pipeline));
            let (sender, opened) = oneshot::channel();
            let queue = SinkQueue::start(sink, route, Arc::clone(&stats), sender);
            (queue, stats, opened)
        }));
    }
}

/// A handle to the worker's thread.
#[derive(Debug)]
pub(crate) struct Worker {
    commands: mpsc::UnboundedSender<Command>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread, and waits until every sink has tried to open, at most two seconds. A sink that is not open by
    /// then is degraded in its stats. If the system gives no thread or no runtime, returns the error as well; every
    /// record is then dropped, and counted.
    pub(crate) fn start(
        pipeline: &Arc<Pipeline>,
        sinks: Sinks,
        extra: impl Future<Output = ()> + Send + 'static,
    ) -> (Self, Option<std::io::Error>) {
        let (commands, receiver) = mpsc::unbounded_channel();
        let names = sinks.names.clone();
        match spawn(Arc::clone(pipeline), sinks, extra, receiver) {
            Ok(thread) => {
                let thread = Some(thread);
                (Self { commands, thread }, None)
            }
            Err(error) => {
                pipeline.close();
                pipeline.end();
                let stats = |name: &&'static str| Arc::new(SinkStats::new(name, pipeline));
                // Only a worker sets it, and there is none.
                let _set = pipeline.sinks.set(names.iter().map(stats).collect());
                let thread = None;
                (Self { commands, thread }, Some(error))
            }
        }
    }

    /// Sends a command to the worker; returns false if the worker has ended.
    pub(crate) fn send(&self, command: Command) -> bool {
        self.commands.send(command).is_ok()
    }

    /// Waits for the end of the thread. Call it after the answer to [`Command::Shutdown`].
    pub(crate) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // The error of a worker that panicked is ignored: it has ended too.
            let _ended = thread.join();
        }
    }
}

fn spawn(
    pipeline: Arc<Pipeline>,
    sinks: Sinks,
    extra: impl Future<Output = ()> + Send + 'static,
    commands: mpsc::UnboundedReceiver<Command>,
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
            tokio::spawn(run_housekeeping(Arc::clone(&pipeline)));
            let worker = WorkerTask::start(pipeline, sinks, ready).await;
            worker.run(commands).await;
        });
        // Does not wait for writes to a stalled reader: they must not keep the process from ending.
        runtime.shutdown_background();
    })?;
    // An error means that the worker panicked; its records then stay pending.
    let _opened = opened.recv();
    Ok(thread)
}

/// Waits for a sink to open, and notes it as stalled if that takes too long.
async fn wait_until_open(mut opened: OpenedReceiver, stats: &SinkStats, limit: Pin<&mut Sleep>) {
    tokio::select! {
        biased;
        _ = &mut opened => return,
        () = limit => {}
    }
    let seconds = OPEN_TIMEOUT.as_secs();
    let reason = format!("not open after {seconds} s: check what else holds it; still trying");
    stats.note_failure(DegradedKind::Stalled, &reason);
    // It may have opened between the timeout and the note.
    if let Ok(true) = opened.try_recv() {
        stats.report_recovery();
    }
}

/// Runs the periodic work that does not depend on records. The upkeep of many metrics takes long, so it has a thread of
/// its own.
async fn run_housekeeping(pipeline: Arc<Pipeline>) {
    let mut thread = Blocking::new("ragspan-upkeep");
    loop {
        tokio::time::sleep(HOUSEKEEPING_INTERVAL).await;
        clock::follow_wall_clock();
        let registry = Arc::clone(pipeline.registry());
        if registry.needs_upkeep() {
            // If the system gives no thread, the next interval tries again.
            let _done = thread.run(move || registry.upkeep()).await;
        }
    }
}

/// The main task of the worker: passes records from the ingest queue to the sinks' queues.
struct WorkerTask {
    pipeline: Arc<Pipeline>,
    source: Source,
    queues: Vec<SinkQueue>,
    /// Polls in a row that found no record.
    idle_polls: u32,
}

impl WorkerTask {
    /// Starts the sinks, waits until they have tried to open, and then sends to `ready`.
    async fn start(
        pipeline: Arc<Pipeline>,
        sinks: Sinks,
        ready: std::sync::mpsc::Sender<()>,
    ) -> Self {
        let (mut queues, mut all_stats, mut openings) = (Vec::new(), Vec::new(), Vec::new());
        for start in sinks.starts {
            let (queue, stats, opened) = start(&pipeline);
            queues.push(queue);
            all_stats.push(stats);
            openings.push(opened);
        }
        // Nothing else sets it, except a start that has failed.
        let _set = pipeline.sinks.set(all_stats);
        let mut limit = pin!(tokio::time::sleep(OPEN_TIMEOUT));
        for (opened, stats) in openings.into_iter().zip(pipeline.sinks()) {
            wait_until_open(opened, stats, limit.as_mut()).await;
        }
        // `Worker::start` waits for this message.
        let _received = ready.send(());
        Self {
            source: pipeline.source(),
            pipeline,
            queues,
            idle_polls: 0,
        }
    }

    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        loop {
            self.distribute();
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Flush { durable, done }) => self.flush(durable, done),
                    Some(Command::Shutdown { within, done }) => return self.shut_down(within, done).await,
                    None => return self.shut_down(Duration::from_secs(1), sync_channel(1).0).await,
                },
                () = self.pause() => {}
            }
        }
    }

    /// Moves all records from the ingest queue to the sinks' queues, in chunks.
    fn distribute(&mut self) {
        let records = self.pipeline.drain();
        self.idle_polls = if records.is_empty() {
            self.idle_polls.saturating_add(1)
        } else {
            0
        };
        let critical = records.iter().any(|record| record.level == Level::Critical);
        let (important, ordinary): (Vec<_>, Vec<_>) = records
            .into_iter()
            .partition(|record| Class::of(record.level) == Class::Important);
        self.offer(Class::Important, important);
        self.offer(Class::Ordinary, ordinary);
        self.queues.iter_mut().for_each(SinkQueue::decide_overdue);
        self.pipeline.report_overflow();
        // The system may be going down, so a CRITICAL record must not stay in a buffer. The result is not used.
        if critical {
            self.flush_sinks(true, sync_channel(1).0);
        }
    }

    /// Pushes records of a class to every sink's queue, in chunks.
    fn offer(&mut self, class: Class, records: Vec<Box<Record>>) {
        let mut records = records.into_iter();
        while let Some(chunk) = Chunk::next(&mut records, &self.source) {
            self.queues
                .iter_mut()
                .for_each(|queue| queue.offer(class, &chunk));
        }
    }

    /// Pauses until the next poll, or, after [`MAX_IDLE_POLLS`] polls that found nothing, until the next push.
    async fn pause(&self) {
        if self.idle_polls < MAX_IDLE_POLLS {
            return tokio::time::sleep(POLL_INTERVAL).await;
        }
        let woken = self.pipeline.ingest.wait();
        if self.queues.iter().any(SinkQueue::holds) {
            // A timeout is as good as a push.
            let _woken = tokio::time::timeout(HELD_INTERVAL, woken).await;
        } else {
            woken.await;
        }
    }

    fn flush(&mut self, durable: bool, done: SyncSender<bool>) {
        self.distribute();
        self.flush_sinks(durable, done);
    }

    /// Flushes every sink's queue, and sends to `done` whether all succeeded. Waits in a task of its own, so that the
    /// worker goes on.
    fn flush_sinks(&self, durable: bool, done: SyncSender<bool>) {
        let flushes = self.queues.iter().map(|queue| queue.flush(durable));
        let mut flushes: JoinSet<bool> = flushes.collect();
        tokio::spawn(async move {
            let all = async {
                let mut flushed = true;
                while let Some(sink) = flushes.join_next().await {
                    flushed &= sink.unwrap_or(false);
                }
                flushed
            };
            let flushed = tokio::time::timeout(FLUSH_TIMEOUT, all)
                .await
                .unwrap_or(false);
            // The caller may have stopped waiting.
            let _received = done.try_send(flushed);
        });
    }

    async fn shut_down(mut self, within: Duration, done: SyncSender<Vec<DeliveryStats>>) {
        self.pipeline.close();
        self.distribute();
        self.pipeline.end();
        // What was pushed by threads that had begun before the close.
        self.distribute();
        self.queues.iter_mut().for_each(SinkQueue::end_routing);
        let mut sinks: JoinSet<()> = self.queues.into_iter().map(SinkQueue::finish).collect();
        let all = async { while sinks.join_next().await.is_some() {} };
        // Records that are not delivered by the deadline stay pending in the stats.
        let _in_time = tokio::time::timeout(within, all).await;
        // The caller may have stopped waiting.
        let _received = done.try_send(self.pipeline.delivery_stats());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Registry;
    use crate::record::Service;
    use crate::sink::{Batch, SinkError};

    /// Sends a message for each sync.
    struct Synced(std::sync::mpsc::Sender<()>);

    impl Sink for Synced {
        const NAME: &'static str = "synced";

        async fn deliver(&mut self, _: Batch) -> Result<(), SinkError> {
            Ok(())
        }

        async fn sync(&mut self) -> Result<(), SinkError> {
            let _received = self.0.send(());
            Ok(())
        }
    }

    #[test]
    fn a_critical_record_is_synced_at_once() {
        let service = Service::default();
        let pipeline = Arc::new(Pipeline::new(service, Level::Info, Registry::new(), 16));
        let (sender, synced) = std::sync::mpsc::channel();
        let mut sinks = Sinks::default();
        sinks.add(Synced(sender), Route::default());
        let (worker, failed) = Worker::start(&pipeline, sinks, std::future::pending());
        assert!(failed.is_none());
        for level in [Level::Error, Level::Critical] {
            let mut record = pipeline.blank();
            record.level = level;
            pipeline.push(record);
        }
        synced.recv().unwrap();
        // An ERROR record causes no sync.
        let mut record = pipeline.blank();
        record.level = Level::Error;
        pipeline.push(record);
        let (done, _end) = sync_channel(1);
        let within = Duration::from_secs(5);
        assert!(worker.send(Command::Shutdown { within, done }));
        assert!(
            synced.recv().is_err(),
            "one sync, for the one critical record"
        );
    }
}
