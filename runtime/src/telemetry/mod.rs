//! Starts everything, holds it together, and ends it; the only module that knows all others.

#[cfg(feature = "log")]
mod bridge;
mod health;
mod report;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "signal")]
mod terminated;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tracing_subscriber::layer::SubscriberExt;

use crate::cancel;
use crate::config::Config;
use crate::context::HashKey;
use crate::dispatch;
use crate::layer::{self, RagLayer};
use crate::metrics::{self, Registry};
use crate::pipeline::{Command, Pipeline, Sinks, Worker};
use crate::privacy;
use crate::record::Level;
use crate::scope::scope_is_enabled;
use crate::sink::{FileSink, StdoutSink};
use crate::span::install_panic_hook;

use health::{Part, State};

pub use health::Health;
pub use report::{MetricsFormat, ShutdownReport};

pub use crate::pipeline::{DeliveryStats, Dropped};
#[cfg(feature = "signal")]
pub use terminated::terminated;

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
         tracing_subscriber::registry()\n        .with(ragspan::layer())\n        .with(tracing_subscriber::fmt::layer().with_filter(EnvFilter::from_default_env()))\n        \
         .with(tracing_opentelemetry::layer().with_tracer(tracer))\n        \
         .with(sentry_tracing::SpanLayer::new().with_filter(LevelFilter::INFO))   // those of them that you have\n        .init();\n\n\
         and call `ragspan::start` after that"
    )]
    ForeignSubscriber,
    /// Something is not as it was configured, and [`strict`](crate::Config::strict) is set. All has ended again.
    #[error(
        "ragspan could not start as configured, and `strict` is set: mend this, or leave `strict` out:\n    {}",
        troubles.join("\n    ")
    )]
    Degraded {
        /// What is wrong, a line each.
        troubles: Vec<String>,
    },
}

/// Starts the pipeline, and `tracing` with it.
///
/// Where no subscriber is installed, one is; where one is installed that has [`layer()`](crate::layer()), it is used.
/// A database that cannot be opened, a port that is taken, even a system without a thread to spare stops nothing: it
/// is told on standard error, once, [`Telemetry::health`] shows it, and it is tried again for as long as the service runs.
/// It returns within some seconds also where a sink hangs.
///
/// # Errors
///
/// When `start` was called before, when a subscriber without our layer is installed, and, if the configuration is
/// [`strict`](crate::Config::strict), when anything is not as configured.
///
/// ```no_run
/// use std::time::Duration;
///
/// let telemetry = ragspan::start(ragspan::Config::default())?;
/// // ... the service runs ...
/// telemetry.shutdown_blocking(Duration::from_secs(5)).report();
/// # Ok::<(), ragspan::telemetry::StartError>(())
/// ```
pub fn start(config: Config) -> Result<Telemetry, StartError> {
    /// Of two threads that start at once, the second finds what the first has started.
    static STARTING: Mutex<()> = Mutex::new(());
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if dispatch::is_set() {
        return Err(StartError::AlreadyStarted);
    }
    // The first thing that is told may be a secret already.
    privacy::install(&config.privacy);
    let registry = if config.counts {
        Registry::new()
    } else {
        Registry::off()
    };
    let pipeline = Pipeline::new(
        config.describe(),
        config.levels.clone(),
        registry,
        config.queue,
    );
    let pipeline = pipeline.with_prices(Arc::clone(&config.prices));
    let pipeline = Arc::new(pipeline.with_propagation(config.propagation.clone()));
    if subscribe(config.levels.min_level().unwrap_or(Level::Critical))? {
        pipeline.set_sole_listener();
    }
    let strict = config.strict;
    let hash_key = config.hash_key.clone();
    #[cfg(feature = "log")]
    let level = config.levels.min_level();
    let state = State::new(pipeline);
    for (index, note) in config.notes().iter().enumerate() {
        state.is_ill(Part::Configuration(index), note.as_str());
    }
    let worker = run(config, &state);
    look_around(&state);
    let telemetry = Telemetry {
        troubles: state.troubles(),
        worker,
        state,
        ended: false,
    };
    let telemetry = telemetry.publish(strict, hash_key)?;
    #[cfg(feature = "log")]
    bridge::install(level.unwrap_or(Level::Critical));
    Ok(telemetry)
}

/// Installs a subscriber of our own if there is none; tells whether it did.
fn subscribe(level: Level) -> Result<bool, StartError> {
    // Asked before our own layer is made, and only of use if a subscriber is global: a test's has one too.
    let has_layer = layer::is_installed();
    let subscriber = tracing_subscriber::registry().with(RagLayer::sole(level));
    match tracing::subscriber::set_global_default(subscriber) {
        Ok(()) => Ok(true),
        Err(_) if has_layer => Ok(false),
        Err(_) => Err(StartError::ForeignSubscriber),
    }
}

type Address = Option<std::net::SocketAddr>;

fn run(config: Config, state: &Arc<State>) -> Worker {
    let listener = listen(config.metrics, state);
    let sinks = sinks(config, state.pipeline.registry());
    let (worker, failed) = Worker::start(&state.pipeline, sinks, listener);
    if let Some(error) = failed {
        state.serves_at(None);
        let cure = "records are dropped, and metrics not served: raise the limits on threads and open files";
        state.is_ill(Part::Worker, format!("no worker: {error}; {cure}"));
    }
    worker
}

#[cfg_attr(
    not(feature = "sqlite"),
    expect(unused_variables, reason = "what expires is counted")
)]
fn sinks(config: Config, registry: &Registry) -> Sinks {
    let mut sinks = Sinks::default();
    if let Some(format) = config.stdout {
        sinks.add(StdoutSink::new(format));
    }
    if let Some(settings) = config.file {
        sinks.add(FileSink::new(settings));
    }
    #[cfg(feature = "sqlite")]
    if let Some(settings) = config.sqlite {
        sinks.add(crate::sink::SqliteSink::new(settings, registry));
    }
    sinks
}

#[cfg(feature = "serve")]
fn listen(wanted: Address, state: &Arc<State>) -> impl Future<Output = ()> + Send + use<> {
    let listener = wanted.and_then(|wanted| serve::bind(wanted, state));
    serve::run(listener, wanted, Arc::clone(state))
}

#[cfg(not(feature = "serve"))]
fn listen(_: Address, _: &Arc<State>) -> impl Future<Output = ()> + Send + use<> {
    std::future::ready(())
}

/// Notes what else in this process keeps something from us.
fn look_around(state: &State) {
    if !scope_is_enabled() {
        let why = "a filter hides the scopes that carry request fields: let level ERROR pass";
        state.is_ill(Part::Scopes, why);
    }
}

/// A running pipeline. Keep it as long as the service runs; dropped, it delivers what it can within a second.
#[derive(Debug)]
#[must_use = "dropped at once, the pipeline ends at once: keep it in `let telemetry = ..`"]
pub struct Telemetry {
    state: Arc<State>,
    worker: Worker,
    troubles: Vec<String>,
    ended: bool,
}

impl Telemetry {
    /// The last steps of a start: only with them others see it, so that a start that failed may be tried again.
    fn publish(mut self, strict: bool, hash_key: Option<HashKey>) -> Result<Self, StartError> {
        self.refuse(strict)?;
        let counts = self.state.pipeline.registry().is_on();
        if counts && !install_recorder(&self.state.pipeline) {
            let why = "another metrics recorder is installed: metrics of your own stay there";
            self.state.is_ill(Part::Recorder, why);
            self.troubles = self.state.troubles();
            self.refuse(strict)?;
        }
        if let Some(key) = hash_key {
            key.install();
        }
        let pipeline = Arc::clone(&self.state.pipeline);
        dispatch::set_global(pipeline).map_err(|_| StartError::AlreadyStarted)?;
        install_panic_hook();
        report::warn(&self.troubles);
        self.state.pipeline.mark_started();
        Ok(self)
    }

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

    /// A strict start is refused for any trouble.
    fn refuse(&mut self, strict: bool) -> Result<(), StartError> {
        if !strict || self.troubles.is_empty() {
            return Ok(());
        }
        let troubles = std::mem::take(&mut self.troubles);
        Err(StartError::Degraded { troubles })
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

    fn ask_shutdown(&self, within: Duration) -> oneshot::Receiver<Vec<DeliveryStats>> {
        cancel::shutting_down();
        let (done, answer) = oneshot::channel();
        // As in `ask_flush`.
        let _asked = self.worker.send(Command::Shutdown { within, done });
        answer
    }

    fn end(&mut self, balances: Option<Vec<DeliveryStats>>) -> ShutdownReport {
        self.ended = true;
        self.worker.join();
        ShutdownReport::new(balances.unwrap_or_else(|| self.state.pipeline.delivery_stats()))
    }

    /// All metrics, as a scraper reads them: give it the request's `Accept` header.
    #[must_use]
    pub fn render_metrics(&self, accept: Option<&str>) -> MetricsFormat {
        report::render(&self.state.pipeline, accept)
    }

    /// How every sink stands now.
    #[must_use]
    pub fn balances(&self) -> Vec<DeliveryStats> {
        self.state.pipeline.delivery_stats()
    }

    /// Where `/metrics` is served.
    #[must_use]
    pub fn metrics_address(&self) -> Address {
        self.state.address()
    }

    /// What is wrong now, and how every sink stands; `/health` shows the same.
    #[must_use]
    pub fn health(&self) -> Health {
        self.state.health()
    }

    /// What did not start as it was configured; the service runs all the same. [`health`](Self::health) tells of now.
    #[must_use]
    pub fn troubles(&self) -> &[String] {
        &self.troubles
    }
}

fn install_recorder(pipeline: &Pipeline) -> bool {
    metrics::Recorder::new(Arc::clone(pipeline.registry())).install()
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
