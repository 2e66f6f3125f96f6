//! Runs code under a pipeline that delivers its records to a database, as a service does.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use super::Capture;
use crate::clock::fake::Entered;
use crate::metrics::Registry;
use crate::pipeline::{Command, DeliveryStats, Pipeline, Sinks, Worker};
use crate::sink::{Route, SqliteSettings, SqliteSink};

/// How many records may wait for the worker.
const QUEUE: usize = 65_536;

/// How long the last records may take to arrive.
const DEADLINE: Duration = Duration::from_secs(60);

impl Capture {
    /// Runs `body` on this thread and delivers its records to a SQLite database, through the queue and the worker that
    /// [`start`](crate::start) uses. Returns the value of `body` and the delivery stats of the database, after the last
    /// record was delivered or dropped.
    ///
    /// With [`at`](Self::at) and [`seed`](Self::seed) each run writes the same records: demonstrations and golden
    /// databases are made this way. The queue holds 65,536 records; run larger workloads in several parts.
    ///
    /// ```
    /// # use ragspan::{Level, testing::Capture};
    /// #[ragspan::rag_span(layer = "retrieval")]
    /// fn search() -> u32 { 3 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// let database = folder.path().join("golden.db");
    /// let capture = Capture::new().level(Level::Info).at("2026-01-01T00:00:00Z").seed(7);
    /// let (hits, stats) = capture.run_into_sqlite(&database, search).await;
    /// assert_eq!((hits, stats.delivered), (3, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run_into_sqlite<R>(
        self,
        database: impl Into<SqliteSettings>,
        body: impl FnOnce() -> R,
    ) -> (R, DeliveryStats) {
        let clock = self.clock();
        let registry = Registry::new();
        let mut sinks = Sinks::default();
        sinks.add(
            SqliteSink::new(database.into(), &registry),
            Route::default(),
        );
        let pipeline = {
            // The id of the process is random too.
            let _clock = clock.clone().map(Entered::enter);
            Pipeline::new(self.service.clone(), self.level, registry, QUEUE)
        };
        let running = self.prepare_with(pipeline, clock);
        let (mut worker, _not_started) =
            Worker::start(&running.pipeline, sinks, std::future::ready(()));
        running.pipeline.mark_started();
        let value = {
            let _inside = running.captured.enter();
            body()
        };
        let (done, stats) = sync_channel(1);
        // A worker that did not start has dropped and counted the records already.
        let _asked = worker.send(Command::Shutdown {
            within: DEADLINE,
            done,
        });
        let stats = stats.recv();
        worker.join();
        let stats = stats.unwrap_or_else(|_| running.pipeline.delivery_stats());
        let stats = stats.into_iter().next();
        (value, stats.expect("the pipeline has one sink"))
    }
}
