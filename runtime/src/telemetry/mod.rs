//! Starts everything, holds it together, and ends it; the only module that knows all others.

mod report;
#[cfg(feature = "serve")]
mod serve;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tracing_subscriber::layer::SubscriberExt;

use crate::config::Config;
use crate::dispatch;
use crate::layer::{self, RagLayer};
use crate::metrics::{self, Registry};
use crate::pipeline::{Balance, Command, Pipeline, Sinks, Worker};
use crate::record::Level;
use crate::sink::{FileSink, StdoutSink};
use crate::span::{install_panic_hook, scope_is_enabled};

pub use report::{MetricsFormat, ShutdownReport};

/// How long a telemetry that is dropped without a shutdown waits.
const DROP_LIMIT: Duration = Duration::from_secs(1);

/// How long its worker then goes on delivering: a little less, so that it can still answer.
const DROP_DELIVERY: Duration = Duration::from_millis(900);

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// `start` was called before in this process.
    #[error("ragspan was started before: call `start` once, and keep what it returned")]
    AlreadyStarted,
    /// A subscriber is installed that does not have our layer.
    #[error(
        "a tracing subscriber without ragspan's layer is installed: add it where the subscriber is made,\n\n    \
         tracing_subscriber::registry()\n        .with(ragspan::layer())\n        .with(tracing_subscriber::fmt::layer())   // and your other layers\n        .init();\n\n\
         and call `ragspan::start` after that"
    )]
    ForeignSubscriber,
    /// The system gave no thread, or no runtime, for the worker.
    #[error("cannot start the worker thread: raise the limits on threads and open files")]
    Worker(#[source] std::io::Error),
}

/// Starts the pipeline, and `tracing` with it.
///
/// Where no subscriber is installed, one is; where one is installed that has [`layer()`](crate::layer()), it is used.
/// A database that cannot be opened or a port that is taken stops nothing: it is told on standard
/// error, once, and tried again.
///
/// # Errors
///
/// When `start` was called before, when a subscriber without our layer is installed, and when the system gives
/// no thread.
///
/// ```no_run
/// use std::time::Duration;
///
/// let telemetry = ragspan::start(ragspan::Config::default())?;
/// // ... the service runs ...
/// telemetry.shutdown_blocking(Duration::from_secs(5)).report();
/// # Ok::<(), ragspan::StartError>(())
/// ```
pub fn start(config: Config) -> Result<Telemetry, StartError> {
    if dispatch::is_set() {
        return Err(StartError::AlreadyStarted);
    }
    let registry = Registry::new();
    let pipeline = Pipeline::new(
        config.describe(),
        config.levels.clone(),
        registry,
        config.queue,
    );
    let pipeline = Arc::new(pipeline);
    if subscribe(config.levels.least().unwrap_or(Level::Critical))? {
        pipeline.set_sole_listener();
    }
    let mut troubles = config.notes().to_vec();
    let (worker, address) = run(config, &pipeline, &mut troubles).map_err(StartError::Worker)?;
    let mut telemetry = Telemetry {
        pipeline,
        worker,
        address,
        troubles,
        ended: false,
    };
    // Two threads may start at once; the second one's worker ends with its telemetry.
    dispatch::set_global(Arc::clone(&telemetry.pipeline))
        .map_err(|_| StartError::AlreadyStarted)?;
    telemetry.look_around();
    install_panic_hook();
    report::warn(&telemetry.troubles);
    Ok(telemetry)
}

/// Installs a subscriber of our own if there is none; tells whether it did.
fn subscribe(level: Level) -> Result<bool, StartError> {
    if layer::is_installed() {
        return Ok(false);
    }
    let subscriber = tracing_subscriber::registry().with(RagLayer::alone(level));
    tracing::subscriber::set_global_default(subscriber)
        .map(|()| true)
        .map_err(|_| StartError::ForeignSubscriber)
}

type Address = Option<std::net::SocketAddr>;

fn run(
    config: Config,
    pipeline: &Arc<Pipeline>,
    troubles: &mut Vec<String>,
) -> std::io::Result<(Worker, Address)> {
    let (listener, address) = listen(config.metrics, pipeline, troubles);
    let (worker, closed) = Worker::start(Arc::clone(pipeline), sinks(config), listener)?;
    troubles.extend(
        closed
            .into_iter()
            .map(|(sink, why)| format!("{sink}: {why}; trying again")),
    );
    Ok((worker, address))
}

fn sinks(config: Config) -> Sinks {
    let mut sinks = Sinks::default();
    if let Some(format) = config.stdout {
        sinks.add(StdoutSink::new(format));
    }
    if let Some(settings) = config.file {
        sinks.add(FileSink::new(settings));
    }
    #[cfg(feature = "sqlite")]
    if let Some(path) = config.sqlite {
        sinks.add(crate::sink::SqliteSink::new(path));
    }
    sinks
}

#[cfg(feature = "serve")]
fn listen(
    wanted: Address,
    pipeline: &Arc<Pipeline>,
    troubles: &mut Vec<String>,
) -> (impl Future<Output = ()> + Send + use<>, Address) {
    let listener = wanted.and_then(|wanted| serve::bind(wanted, troubles));
    let address = listener
        .as_ref()
        .and_then(|listener| listener.local_addr().ok());
    (serve::run(listener, Arc::clone(pipeline)), address)
}

#[cfg(not(feature = "serve"))]
fn listen(
    _: Address,
    _: &Arc<Pipeline>,
    _: &mut Vec<String>,
) -> (impl Future<Output = ()> + Send + use<>, Address) {
    (std::future::ready(()), None)
}

/// A running pipeline. Keep it as long as the service runs; dropped, it delivers what it can within a second.
#[derive(Debug)]
#[must_use = "dropped at once, the pipeline ends at once: keep it in `let telemetry = ..`"]
pub struct Telemetry {
    pipeline: Arc<Pipeline>,
    worker: Worker,
    address: Address,
    troubles: Vec<String>,
    ended: bool,
}

impl Telemetry {
    /// Returns once every record emitted before the call has been delivered to the local sinks; true if all were.
    ///
    /// Bounded by 30 seconds.
    pub async fn flush(&self) -> bool {
        self.ask_flush(false).await.unwrap_or(false)
    }

    /// As [`flush`](Self::flush), and what was delivered is on the disk: it survives a loss of power.
    pub async fn flush_durable(&self) -> bool {
        self.ask_flush(true).await.unwrap_or(false)
    }

    /// As [`flush`](Self::flush), for a program without a runtime.
    ///
    /// # Panics
    ///
    /// Inside an async runtime, where it would block.
    pub fn flush_blocking(&self) -> bool {
        self.ask_flush(false).blocking_recv().unwrap_or(false)
    }

    /// Notes what else in this process keeps something from us.
    fn look_around(&mut self) {
        if !metrics::Recorder::new(Arc::clone(self.pipeline.registry())).install() {
            let trouble = "another metrics recorder is installed: metrics of your own stay there";
            self.troubles.push(trouble.to_owned());
        }
        if !scope_is_enabled() {
            let trouble =
                "a filter hides the scopes that carry request fields: let level ERROR pass";
            self.troubles.push(trouble.to_owned());
        }
    }

    fn ask_flush(&self, durable: bool) -> oneshot::Receiver<bool> {
        let (done, answer) = oneshot::channel();
        // A worker that has ended drops the question, and that is the answer.
        let _asked = self.worker.send(Command::Flush { durable, done });
        answer
    }

    /// Ends the pipeline: delivers what it can within `deadline`, and tells what became of every record.
    pub async fn shutdown(mut self, deadline: Duration) -> ShutdownReport {
        let balances = self.ask_shutdown(deadline).await;
        self.end(balances.ok())
    }

    /// As [`shutdown`](Self::shutdown), for a program without a runtime.
    ///
    /// # Panics
    ///
    /// Inside an async runtime, where it would block.
    pub fn shutdown_blocking(mut self, deadline: Duration) -> ShutdownReport {
        let balances = self.ask_shutdown(deadline).blocking_recv();
        self.end(balances.ok())
    }

    fn ask_shutdown(&self, within: Duration) -> oneshot::Receiver<Vec<Balance>> {
        let (done, answer) = oneshot::channel();
        // As in `ask_flush`.
        let _asked = self.worker.send(Command::Shutdown { within, done });
        answer
    }

    fn end(&mut self, balances: Option<Vec<Balance>>) -> ShutdownReport {
        self.ended = true;
        self.worker.join();
        ShutdownReport::new(balances.unwrap_or_else(|| self.pipeline.balances()))
    }

    /// All metrics, as a scraper reads them: give it the request's `Accept` header.
    #[must_use]
    pub fn render_metrics(&self, accept: Option<&str>) -> MetricsFormat {
        report::render(&self.pipeline, accept)
    }

    /// How every sink stands now.
    #[must_use]
    pub fn balances(&self) -> Vec<Balance> {
        self.pipeline.balances()
    }

    /// Where `/metrics` is served.
    #[must_use]
    pub fn metrics_address(&self) -> Address {
        self.address
    }

    /// What did not start as it was configured; the service runs all the same.
    #[must_use]
    pub fn troubles(&self) -> &[String] {
        &self.troubles
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let (done, answer) = std::sync::mpsc::channel();
        let shutdown = self.ask_shutdown(DROP_DELIVERY);
        // A thread waits, since here may be inside a runtime; if there is none to be had, nobody waits.
        let waiter = std::thread::Builder::new().name("ragspan-drop".to_owned());
        let spawned = waiter.spawn(move || done.send(shutdown.blocking_recv().is_ok()));
        if spawned.is_ok() {
            let _answered = answer.recv_timeout(DROP_LIMIT);
        }
    }
}
