//! Starts and shuts down the pipeline with its sinks, its metrics listener and the `tracing` subscriber.

mod answer;
#[cfg(feature = "log")]
mod bridge;
#[cfg(feature = "serve")]
mod connections;
mod filters;
mod health;
#[cfg(feature = "serve")]
mod host;
#[cfg(feature = "serve")]
mod renderings;
mod report;
#[cfg(feature = "serve")]
mod routes;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "signal")]
mod terminated;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt;

use crate::cancel;
use crate::config::Config;
use crate::context::HashKey;
use crate::dispatch;
use crate::layer::{self, RagLayer};
use crate::metrics::{self, Registry};
use crate::pipeline::{Command, FLUSH_TIMEOUT, Pipeline, Sinks, Worker, wait_until_printed};
use crate::privacy;
use crate::record::Level;
use crate::scope::scope_is_enabled;
use crate::sink::{Backend, FileSink, StdoutSink};
use crate::span::install_panic_hook;

use health::{Component, HealthState};

pub use health::Health;
pub use report::{MetricsFormat, ShutdownReport};

pub use crate::pipeline::{DeliveryStats, Dropped, Filtered};
#[cfg(feature = "signal")]
pub use terminated::terminated;

/// The time that dropping a `Telemetry` without a shutdown may take.
const DROP_LIMIT: Duration = Duration::from_millis(900);

/// The part of a limit that the worker has for deliveries; it needs the rest for its answer.
const DELIVERY_SHARE: f64 = 0.9;

/// The time that an end waits for messages that are not printed yet.
const LAST_MESSAGES: Duration = Duration::from_millis(100);

/// An error that occurs when ragspan cannot be started.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// `start` was called before in this process.
    #[error("ragspan was started before: call `start` once, and keep what it returned")]
    AlreadyStarted,
    /// The installed subscriber does not have ragspan's layer.
    #[error(
        "a tracing subscriber without ragspan's layer is installed: add it where the subscriber is made,\n\n    \
         tracing_subscriber::registry()\n        .with(ragspan::layer())\n        .with(tracing_subscriber::fmt::layer().with_filter(EnvFilter::from_default_env()))\n        \
         .with(tracing_opentelemetry::layer().with_tracer(tracer))\n        \
         .with(sentry_tracing::SpanLayer::new().with_filter(LevelFilter::INFO))   // as far as you use them\n        .init();\n\n\
         and call `ragspan::start` after that"
    )]
    ForeignSubscriber,
    /// Something is not as configured, and [`strict`](crate::Config::strict) is set. Everything that was started is
    /// stopped again.
    #[error(
        "ragspan could not start as configured, and `strict` is set; fix these problems, or remove `strict`:\n    {}",
        warnings.join("\n    ")
    )]
    #[non_exhaustive]
    Degraded {
        /// The problems, a line each.
        warnings: Vec<String>,
    },
}

ragspan_core::debug_as_display!(StartError);

/// Starts the pipeline, and `tracing` with it.
///
/// Installs a subscriber if there is none. An installed subscriber with [`layer()`](crate::layer()) is used.
///
/// The start succeeds even if a database cannot be opened, a port is taken or no thread can be spawned. Each such
/// problem is printed to standard error once and reported by [`Telemetry::health`], and ragspan retries for as long as
/// the service runs. `start` returns within some seconds even if a sink hangs.
///
/// # Errors
///
/// When `start` was called before, when a subscriber without ragspan's layer is installed, and, if the configuration is
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
pub fn start(mut config: Config) -> Result<Telemetry, StartError> {
    /// Serializes concurrent calls, so that the second one returns [`StartError::AlreadyStarted`].
    static STARTING: Mutex<()> = Mutex::new(());
    let _guard = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if dispatch::is_set() {
        return Err(StartError::AlreadyStarted);
    }
    // Redaction comes first, because the first message may already have a secret.
    privacy::install(&config.privacy);
    let registry = if config.metrics_enabled {
        Registry::new()
    } else {
        Registry::off()
    };
    let service = Arc::new(config.to_service());
    registry.set_service(Arc::clone(&service));
    let pipeline = Pipeline::new(service, config.levels.clone(), registry, config.queue_size);
    let pipeline = pipeline.with_prices(Arc::clone(&config.prices));
    let pipeline = Arc::new(pipeline.with_propagation(config.propagation.clone()));
    let min_level = config.levels.min_level();
    if subscribe(min_level.unwrap_or(Level::Critical))? {
        pipeline.set_sole_listener();
    } else if config.is_stdout_default {
        // The layers of the service print already.
        config.stdout = None;
    }
    let strict = config.strict;
    let hash_key = config.hash_key.clone();
    let state = HealthState::new(pipeline);
    for (index, note) in config.notes().iter().enumerate() {
        state.report(Component::Configuration(index), note.as_str());
    }
    let worker = run(config, &state);
    check_filters(&state, min_level);
    let telemetry = Telemetry {
        warnings: state.warnings(),
        worker,
        state,
        ended: false,
    };
    let telemetry = telemetry.publish(strict, hash_key)?;
    #[cfg(feature = "log")]
    bridge::install(min_level.unwrap_or(Level::Critical));
    Ok(telemetry)
}

/// Installs a subscriber if there is none, and returns true if it did.
fn subscribe(level: Level) -> Result<bool, StartError> {
    /// The global subscriber is ours; a forked process that starts anew has it already.
    static IS_OURS: AtomicBool = AtomicBool::new(false);
    if IS_OURS.load(Ordering::Relaxed) {
        return Ok(true);
    }
    // Checked before the layer below is created, and used only if a global subscriber is installed: a test's subscriber
    // has a layer too.
    let has_layer = layer::is_installed();
    let subscriber = tracing_subscriber::registry().with(RagLayer::sole(level));
    match tracing::subscriber::set_global_default(subscriber) {
        Ok(()) => {
            IS_OURS.store(true, Ordering::Relaxed);
            return Ok(true);
        }
        // The rejected subscriber has raised the maximum level of the process.
        Err(_) => tracing::callsite::rebuild_interest_cache(),
    }
    if has_layer {
        Ok(false)
    } else {
        Err(StartError::ForeignSubscriber)
    }
}

type Address = Option<std::net::SocketAddr>;

fn run(config: Config, state: &Arc<HealthState>) -> Worker {
    let listener = listen(config.metrics, state);
    let sinks = sinks(config, state.pipeline.registry());
    let (worker, error) = Worker::start(&state.pipeline, sinks, listener);
    if let Some(error) = error {
        state.set_address(None);
        let fix = "records are dropped, and metrics are not served: raise the limits on threads and open files";
        state.report(Component::Worker, format!("no worker: {error}; {fix}"));
    }
    worker
}

#[cfg_attr(
    not(feature = "sqlite"),
    expect(unused_variables, reason = "only the database counts in the registry")
)]
fn sinks(config: Config, registry: &Registry) -> Sinks {
    let mut sinks = Sinks::default();
    let route = |backend| config.routes.get(&backend).cloned().unwrap_or_default();
    if let Some(format) = config.stdout {
        sinks.add(StdoutSink::new(format), route(Backend::Stdout));
    }
    if let Some(settings) = config.file {
        sinks.add(FileSink::new(settings), route(Backend::File));
    }
    #[cfg(feature = "sqlite")]
    if let Some(settings) = config.sqlite {
        let sink = crate::sink::SqliteSink::new(settings, registry);
        sinks.add(sink, route(Backend::Sqlite));
    }
    sinks
}

#[cfg(feature = "serve")]
fn listen(wanted: Address, state: &Arc<HealthState>) -> impl Future<Output = ()> + Send + use<> {
    let listener = wanted.and_then(|wanted| serve::bind(wanted, state));
    serve::run(listener, wanted, Arc::clone(state))
}

#[cfg(not(feature = "serve"))]
fn listen(_: Address, _: &Arc<HealthState>) -> impl Future<Output = ()> + Send + use<> {
    std::future::ready(())
}

/// Reports the filters of the subscriber that hide wanted records, or scopes, so that records lack the fields of
/// requests.
fn check_filters(state: &HealthState, min_level: Option<Level>) {
    if !scope_is_enabled() {
        let message = "a filter hides the scopes with the request fields: enable level ERROR of the target `ragspan`";
        state.report(Component::Scopes, message);
    }
    if let Some(hidden) = min_level.and_then(filters::hidden) {
        state.report(Component::Filters, hidden.to_string());
    }
}

/// A running pipeline. Keep it for as long as the service runs. On drop, it delivers records for at most a second.
#[derive(Debug)]
#[must_use = "dropping it stops the pipeline: keep it in `let telemetry = ..`"]
pub struct Telemetry {
    state: Arc<HealthState>,
    worker: Worker,
    warnings: Vec<String>,
    ended: bool,
}

impl Telemetry {
    /// Performs the last steps of a start. Only these have global effects, so a start that fails before them can be
    /// repeated.
    fn publish(mut self, strict: bool, hash_key: Option<HashKey>) -> Result<Self, StartError> {
        self.reject_warnings(strict)?;
        let has_metrics = self.state.pipeline.registry().is_on();
        if has_metrics && !install_recorder(&self.state.pipeline) {
            let message = "another metrics recorder is installed: your own metrics stay there";
            self.state.report(Component::Recorder, message);
            self.warnings = self.state.warnings();
            self.reject_warnings(strict)?;
        }
        if let Some(key) = hash_key {
            key.install();
        }
        let pipeline = Arc::clone(&self.state.pipeline);
        dispatch::set_global(pipeline).map_err(|_| StartError::AlreadyStarted)?;
        install_panic_hook();
        report::print_warnings(&self.warnings);
        self.state.pipeline.mark_started();
        Ok(self)
    }

    /// Waits until the local sinks have all records emitted before the call. Returns true if all were delivered.
    ///
    /// The wait is bounded by 30 seconds.
    pub async fn flush(&self) -> bool {
        let flushed = answer::within(self.ask_flush(false), FLUSH_TIMEOUT);
        flushed.await.unwrap_or(false)
    }

    /// Flushes as [`flush`](Self::flush), and syncs the delivered records to disk, so that they survive a loss of
    /// power.
    pub async fn flush_durable(&self) -> bool {
        let flushed = answer::within(self.ask_flush(true), FLUSH_TIMEOUT);
        flushed.await.unwrap_or(false)
    }

    /// Flushes as [`flush`](Self::flush), and blocks the current thread.
    pub fn flush_blocking(&self) -> bool {
        answer::block_on(&self.ask_flush(false), FLUSH_TIMEOUT).unwrap_or(false)
    }

    /// Returns an error if the start is strict and has warnings.
    fn reject_warnings(&mut self, strict: bool) -> Result<(), StartError> {
        if !strict || self.warnings.is_empty() {
            return Ok(());
        }
        let warnings = std::mem::take(&mut self.warnings);
        Err(StartError::Degraded { warnings })
    }

    fn ask_flush(&self, durable: bool) -> Receiver<bool> {
        let (done, answer) = sync_channel(1);
        self.ask(Command::Flush { durable, done });
        answer
    }

    /// Sends a command to the worker. A worker that has ended drops it, and a forked process has no worker: then there is
    /// no answer, and nobody waits for one.
    fn ask(&self, command: Command) {
        if !self.state.pipeline.is_forked() {
            let _sent = self.worker.send(command);
        }
    }

    /// Shuts the pipeline down: delivers every record that was emitted before the call, for at most `deadline`, and
    /// reports the deliveries and drops of every sink.
    pub async fn shutdown(mut self, deadline: Duration) -> ShutdownReport {
        let stats = answer::within(self.ask_shutdown(deadline), deadline);
        let stats = stats.await;
        self.end(stats)
    }

    /// Shuts down as [`shutdown`](Self::shutdown), and blocks the current thread.
    pub fn shutdown_blocking(mut self, deadline: Duration) -> ShutdownReport {
        let stats = answer::block_on(&self.ask_shutdown(deadline), deadline);
        self.end(stats)
    }

    /// Delivers records for at most a second, as a drop does, and exits the process with this status. For use in place of
    /// [`std::process::exit`], which drops nothing and so loses the records that are queued; works within an async
    /// runtime too.
    ///
    /// ```
    /// fn fail(telemetry: ragspan::Telemetry, error: &str) -> ! {
    ///     eprintln!("{error}");
    ///     telemetry.exit(1)
    /// }
    /// ```
    pub fn exit(self, status: i32) -> ! {
        drop(self);
        std::process::exit(status)
    }

    fn ask_shutdown(&self, deadline: Duration) -> Receiver<Vec<DeliveryStats>> {
        cancel::shutting_down();
        let (done, answer) = sync_channel(1);
        let within = deadline.mul_f64(DELIVERY_SHARE);
        self.ask(Command::Shutdown { within, done });
        answer
    }

    fn end(&mut self, stats: Option<Vec<DeliveryStats>>) -> ShutdownReport {
        self.ended = true;
        // A worker that did not answer may never end.
        if stats.is_some() {
            self.worker.join();
            wait_until_printed(LAST_MESSAGES);
        }
        ShutdownReport::new(stats.unwrap_or_else(|| self.state.pipeline.delivery_stats()))
    }

    /// Renders all metrics in the format that the `Accept` header of a scraper's request asks for.
    #[must_use]
    pub fn render_metrics(&self, accept: Option<&str>) -> MetricsFormat {
        report::render(&self.state.pipeline, accept)
    }

    /// Returns the current delivery stats of every sink.
    #[must_use]
    pub fn delivery_stats(&self) -> Vec<DeliveryStats> {
        self.state.pipeline.delivery_stats()
    }

    /// Returns the address of the listener that serves `/metrics`, if there is one.
    #[must_use]
    pub fn metrics_address(&self) -> Address {
        self.state.address()
    }

    /// Returns the current problems and the delivery stats of every sink, as `/health` does.
    #[must_use]
    pub fn health(&self) -> Health {
        self.state.health()
    }

    /// Returns the problems of the start, despite which the service runs. [`health`](Self::health) returns the current
    /// problems.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
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
        let _answered = answer::block_on(&self.ask_shutdown(DROP_LIMIT), DROP_LIMIT);
        wait_until_printed(LAST_MESSAGES);
    }
}
