//! Writes a database of a RAG service's day: several tenants, every layer, and what goes wrong in a service.
//!
//! A simulated service runs under the pipeline of a real one, with the clock and the random numbers of
//! [`ragspan::testing`], so that one seed gives one day.

mod clock;
mod plan;
mod quiet;
mod rng;
mod scenario;
mod service;

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ragspan::config::SqliteSettings;
use ragspan::prices::Prices;
use ragspan::telemetry::DeliveryStats;
use ragspan::testing::Capture;
use ragspan::{Level, LogContext as _};
use ragspan_store::Writer;

use plan::Planned;
use rng::Rng;
use scenario::Scenario;
use service::{RequestContext, ServiceError, Simulation, answer, ingest};

/// The number of requests of one run of the pipeline, whose queue must have room for their records.
const RUN: usize = 1_000;

/// The prices of the simulated models, in dollars for a million tokens.
const PRICES: &str = r#"{"version": "2026-11-23", "models": {
    "gpt-4o": {"input": 2.4, "output": 9.6},
    "gpt-4o-mini": {"input": 0.15, "output": 0.6},
    "text-embedding-3-large": {"input": 0.13}
}}"#;

/// The numbers of a demonstration that was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) records: u64,
    pub(crate) requests: u64,
    /// Requests that failed or panicked.
    pub(crate) failed: u64,
}

/// The reason why a demonstration was not written.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// A file exists at the path.
    #[error("{} exists: remove it, or name another with --db", .0.display())]
    Exists(PathBuf),
    /// The database cannot be created.
    #[error(transparent)]
    Store(#[from] ragspan_store::Error),
    /// The database did not take all records.
    #[error("{} took {delivered} of {emitted} records: check the space on the disk", path.display())]
    Incomplete {
        /// The database.
        path: PathBuf,
        /// The records that were emitted.
        emitted: u64,
        /// The records that the database took.
        delivered: u64,
    },
}

ragspan_core::debug_as_display!(DemoError);

/// Writes the requests of the 24 hours up to `now` (in microseconds since the epoch) to a new database at `path`. The
/// same seed, number and time give the same records.
///
/// # Errors
/// If the database exists, cannot be created, or does not take all records.
pub(crate) async fn write(
    path: &Path,
    seed: u64,
    requests: u32,
    now: u64,
) -> Result<Written, DemoError> {
    if path.exists() {
        return Err(DemoError::Exists(path.to_owned()));
    }
    // The pipeline only reports a path at which nothing can be created.
    Writer::open(path).await?.close().await?;
    quiet::install();
    let mut rng = Rng::new(seed);
    let mut planned = plan::day(&mut rng, requests, now);
    let mut written = Written::default();
    while !planned.is_empty() {
        let later = planned.split_off(RUN.min(planned.len()));
        let part = std::mem::replace(&mut planned, later);
        let requests = part.len() as u64;
        let (failed, stats) = run(part, rng.seed(), path).await;
        check(path, &stats)?;
        written.records += stats.delivered;
        written.requests += requests;
        written.failed += failed;
    }
    Ok(written)
}

fn check(path: &Path, stats: &DeliveryStats) -> Result<(), DemoError> {
    if stats.delivered == stats.emitted {
        return Ok(());
    }
    Err(DemoError::Incomplete {
        path: path.to_owned(),
        emitted: stats.emitted,
        delivered: stats.delivered,
    })
}

/// Runs requests under one pipeline; returns how many failed, and the delivery stats.
async fn run(planned: Vec<Planned>, seed: u64, path: &Path) -> (u64, DeliveryStats) {
    let mut database = SqliteSettings::new(path);
    // The simulated day may be long ago.
    database.max_age = Duration::MAX;
    let prices = Prices::from_json(PRICES).unwrap_or_default();
    let capture = Capture::new()
        .service("demo", "1.4.2", "rag-demo-1")
        .level(Level::Info)
        .prices(prices)
        .seed(seed);
    let serve = || {
        planned
            .into_iter()
            .map(serve)
            .filter(|failed| *failed)
            .count() as u64
    };
    capture.run_into_sqlite(database, serve).await
}

/// Runs one request at its time; returns whether it failed.
fn serve(planned: Planned) -> bool {
    let context = RequestContext {
        user_id: planned.user,
        tenant_id: planned.tenant,
        session_id: planned.session,
    };
    let mut sim = Simulation {
        scenario: planned.scenario,
        rng: planned.rng,
    };
    let seed = sim.rng.seed();
    let request = || context.in_scope(|| quiet::catch(|| handle(&mut sim)));
    let (outcome, _end) = clock::run_at(planned.start, seed, request);
    !matches!(outcome, Some(Ok(())))
}

fn handle(sim: &mut Simulation) -> Result<(), ServiceError> {
    match sim.scenario {
        Scenario::Ingestion => {
            let file = sim.rng.pick(&["handbook.md", "faq.md"], "faq.md");
            ingest(sim, file)
        }
        Scenario::UnreadableDocument => ingest(sim, "quarterly-report.pdf"),
        _ => poll_once(answer(sim)).unwrap_or(Ok(())),
    }
}

/// Runs a future of the simulated service, which waits for nothing but a client that has disconnected. Returns `None` in that
/// case: the future is dropped, as a server drops the request.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let future = pin!(future);
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests;
