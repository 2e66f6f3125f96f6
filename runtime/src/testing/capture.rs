//! The settings of a capture, and the capture of a piece of code.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tracing::Dispatch;
use tracing_subscriber::layer::SubscriberExt;

use super::captured::Captured;
use super::time;
use crate::clock::fake::Fake;
use crate::dispatch::{CapturedPipeline, Claim};
use crate::layer::layer;
use crate::pipeline::Pipeline;
use crate::prices::Prices;
use crate::propagation::Policy;
use crate::record::{Level, Service};
use crate::span::install_panic_hook;

/// Runs `body` and returns its value with the captured records and metrics.
///
/// ```
/// #[ragspan::rag_span(layer = "retrieval")]
/// fn search() -> u32 { 3 }
///
/// let (hits, seen) = ragspan::testing::capture(search);
/// assert_eq!(hits, 3);
/// seen.record("search_complete");
/// ```
pub fn capture<R>(body: impl FnOnce() -> R) -> (R, Captured) {
    Capture::new().run(body)
}

/// Runs `body` to its end and returns its value with the captured records and metrics.
///
/// ```
/// #[ragspan::rag_span(layer = "retrieval")]
/// async fn search() -> u32 { 3 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (hits, seen) = ragspan::testing::capture_async(search()).await;
/// assert_eq!(hits, 3);
/// seen.record("search_complete");
/// # }
/// ```
pub async fn capture_async<F: Future>(body: F) -> (F::Output, Captured) {
    Capture::new().run_async(body).await
}

/// A capture with settings of its own.
///
/// Tasks and threads that the code starts are captured too if they run under the capture's subscriber
/// (`tracing::instrument::WithSubscriber`, `tracing::dispatcher::with_default`), up to the end of the capture:
/// await or join them.
///
/// ```
/// use ragspan::{Level, rag_span, testing::Capture};
///
/// #[rag_span(layer = "retrieval")]
/// fn search() {}
///
/// let ((), seen) = Capture::new().level(Level::Warning).run(search);
/// assert!(seen.records().is_empty());
/// ```
#[derive(Debug)]
#[must_use = "nothing is captured until it runs"]
pub struct Capture {
    pub(super) service: Service,
    pub(super) level: Level,
    subscriber: Option<Dispatch>,
    prices: Arc<Prices>,
    propagation: Policy,
    at: Option<u64>,
    seed: Option<u64>,
}

impl Default for Capture {
    fn default() -> Self {
        let service = Service {
            name: String::new(),
            environment: "test".to_owned(),
            version: "0.0.0".to_owned(),
            host: "localhost".to_owned(),
        };
        Self {
            service,
            level: Level::Trace,
            subscriber: None,
            prices: Arc::default(),
            propagation: Policy::default(),
            at: None,
            seed: None,
        }
    }
}

impl Capture {
    /// Creates a capture of every level, under a subscriber that has only ragspan's layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the service in each record; `test`, `0.0.0` and `localhost` without it.
    pub fn service(
        mut self,
        environment: impl Into<String>,
        version: impl Into<String>,
        host: impl Into<String>,
    ) -> Self {
        self.service = Service {
            name: String::new(),
            environment: environment.into(),
            version: version.into(),
            host: host.into(),
        };
        self
    }

    /// Captures only records of this level and above, as a service's configuration does.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Prices the calls of models by this table.
    pub fn prices(mut self, prices: Prices) -> Self {
        self.prices = Arc::new(prices);
        self
    }

    /// Sets the policy for headers to and from other services, like a service's configuration.
    pub fn propagation(mut self, policy: Policy) -> Self {
        self.propagation = policy;
        self
    }

    /// Runs under this subscriber, which should have [`layer()`](crate::layer()) if events are to be seen. It should be
    /// this capture's alone: what runs under it elsewhere at the same time is seen too.
    pub fn under(mut self, subscriber: impl Into<Dispatch>) -> Self {
        self.subscriber = Some(subscriber.into());
        self
    }

    /// Stops time at this instant, RFC 3339 in UTC, until [`advance`](super::advance) moves it on. It is the time
    /// of ragspan's records only: `tokio::time::pause` stops that of tokio's timers.
    ///
    /// ```
    /// # use ragspan::testing::{self, Capture};
    /// # use std::time::Duration;
    /// #[ragspan::rag_span(layer = "retrieval")]
    /// fn search() {
    ///     testing::advance(Duration::from_millis(12));
    /// }
    ///
    /// let ((), seen) = Capture::new().at("2026-01-01T00:00:00Z").run(search);
    /// assert_eq!(seen.record("search_complete")["timestamp"], "2026-01-01T00:00:00.012000Z");
    /// assert_eq!(seen.record("search_complete")["metrics"]["duration_ms"], 12.0);
    /// ```
    ///
    /// # Panics
    ///
    /// If the text is not an instant of the years 1970 to 9999.
    #[track_caller]
    pub fn at(mut self, instant: &str) -> Self {
        self.at = time::unix_micros(instant);
        assert!(
            self.at.is_some(),
            "`{instant}` is not an instant: write it as in `2026-01-01T00:00:00Z`, from 1970 on"
        );
        self
    }

    /// Makes ids, and whatever else is left to chance, the same in each run of code on one thread.
    ///
    /// ```
    /// # use ragspan::testing::Capture;
    /// #[ragspan::rag_span(layer = "retrieval")]
    /// fn search() {}
    ///
    /// let once = || Capture::new().at("2026-01-01T00:00:00Z").seed(7).run(search).1;
    /// assert_eq!(once().lines(), once().lines());
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Runs `body` on this thread.
    pub fn run<R>(self, body: impl FnOnce() -> R) -> (R, Captured) {
        let running = self.prepare();
        let inside = running.captured.enter();
        let value = body();
        drop(inside);
        (value, running.end())
    }

    /// Runs `body` to its end, on whatever threads it is polled.
    pub async fn run_async<F: Future>(self, body: F) -> (F::Output, Captured) {
        let running = self.prepare();
        let captured = running.captured.clone();
        let value = Inside {
            body: Some(body),
            captured,
        }
        .await;
        (value, running.end())
    }

    fn prepare(self) -> Running {
        let pipeline = Pipeline::capturing(self.service.clone(), self.level);
        let clock = self.clock();
        self.prepare_with(pipeline, clock)
    }

    /// Returns the clock of the code that runs, if time is stopped or ids are seeded.
    pub(super) fn clock(&self) -> Option<Arc<Fake>> {
        let is_faked = self.at.is_some() || self.seed.is_some();
        is_faked.then(|| Arc::new(Fake::new(self.at, self.seed)))
    }

    /// Prepares the subscriber and the scope of code that records into `pipeline`.
    pub(super) fn prepare_with(self, pipeline: Pipeline, clock: Option<Arc<Fake>>) -> Running {
        install_panic_hook();
        let pipeline = Arc::new(
            pipeline
                .with_prices(self.prices)
                .with_propagation(self.propagation),
        );
        let (subscriber, claim) = if let Some(lent) = self.subscriber {
            let claim = Claim::borrowed(&lent, &pipeline);
            (lent, claim)
        } else {
            let own = Dispatch::new(tracing_subscriber::registry().with(layer()));
            let claim = Claim::owned(&own, &pipeline);
            (own, claim)
        };
        Running {
            stops_time: self.at.is_some(),
            captured: CapturedPipeline::new(Arc::clone(&pipeline), subscriber, clock),
            pipeline,
            _claim: claim,
        }
    }
}

/// A capture that runs.
pub(super) struct Running {
    pub(super) captured: CapturedPipeline,
    pub(super) pipeline: Arc<Pipeline>,
    stops_time: bool,
    /// Given up last.
    _claim: Claim,
}

impl Running {
    fn end(self) -> Captured {
        Captured::take(&self.pipeline, self.stops_time)
    }
}

pin_project_lite::pin_project! {
    /// A future that belongs to the capture whenever it is polled, and when it is dropped.
    struct Inside<F> {
        #[pin]
        body: Option<F>,
        captured: CapturedPipeline,
    }

    impl<F> PinnedDrop for Inside<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _inside = this.captured.enter();
            this.body.set(None);
        }
    }
}

impl<F: Future> Future for Inside<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _inside = this.captured.enter();
        let Some(body) = this.body.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let polled = body.poll(context);
        if polled.is_ready() {
            // Values dropped with the future belong to the capture, which ends when this returns.
            this.body.set(None);
        }
        polled
    }
}
