//! Captures what a piece of code records, in your own unit tests.
//!
//! ```
//! use ragspan::rag_span;
//!
//! #[rag_span(layer = "retrieval", ok(|hits| chunks = hits.len()))]
//! fn search(query: &str) -> Vec<String> {
//!     vec![query.to_owned()]
//! }
//!
//! let (hits, seen) = ragspan::testing::capture(|| search("bees"));
//! assert_eq!(hits.len(), 1);
//! let record = seen.record("search_complete");
//! assert_eq!(record["logger"], "rag.retrieval");
//! assert_eq!(record["context"]["chunks"], 1);
//! ```

use std::sync::Arc;

use serde_json::Value;
use tracing::Dispatch;
use tracing::instrument::WithSubscriber;
use tracing_subscriber::layer::SubscriberExt;

use crate::dispatch::Scope;
use crate::layer::layer;
use crate::metrics::Registry;
use crate::pipeline::Pipeline;
use crate::prices::Prices;
use crate::record::{Level, Service, json};
use crate::span::install_panic_hook;

/// More records than this in one capture push out the oldest.
const CAPACITY: usize = 1 << 16;

/// Runs `body` and returns its value, with all that it recorded on this thread.
pub fn capture<R>(body: impl FnOnce() -> R) -> (R, Captured) {
    Capture::new().run(body)
}

/// Runs `body` to its end and returns its value, with all that it recorded; tasks that it spawns are seen if they
/// carry the subscriber (`tracing::instrument::WithSubscriber`).
pub async fn capture_async<F: Future>(body: F) -> (F::Output, Captured) {
    Capture::new().run_async(body).await
}

/// A capture with settings of its own.
#[derive(Debug)]
#[must_use = "nothing is captured until it runs"]
pub struct Capture {
    level: Level,
    subscriber: Option<Dispatch>,
    prices: Arc<Prices>,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            level: Level::Trace,
            subscriber: None,
            prices: Arc::default(),
        }
    }
}

impl Capture {
    /// A capture of every level, under a subscriber that has only our layer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps only records of this level and above, as a service's configuration would.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Prices the calls of models by this table.
    pub fn prices(mut self, prices: Prices) -> Self {
        self.prices = Arc::new(prices);
        self
    }

    /// Runs under this subscriber, which should have [`layer()`](crate::layer()) if events are to be seen.
    pub fn under(mut self, subscriber: impl Into<Dispatch>) -> Self {
        self.subscriber = Some(subscriber.into());
        self
    }

    /// Runs `body` on this thread.
    pub fn run<R>(self, body: impl FnOnce() -> R) -> (R, Captured) {
        let (pipeline, dispatch) = self.prepare();
        let scope = Scope::enter(Arc::clone(&pipeline));
        let value = tracing::dispatcher::with_default(&dispatch, body);
        drop(scope);
        (value, Captured::take(&pipeline))
    }

    /// Runs `body` to its end.
    pub async fn run_async<F: Future>(self, body: F) -> (F::Output, Captured) {
        let (pipeline, dispatch) = self.prepare();
        let scoped = Scoped {
            body: body.with_subscriber(dispatch),
            pipeline: Arc::clone(&pipeline),
        };
        let value = scoped.await;
        (value, Captured::take(&pipeline))
    }

    fn prepare(self) -> (Arc<Pipeline>, Dispatch) {
        install_panic_hook();
        let service = Service {
            environment: "test".to_owned(),
            version: "0.0.0".to_owned(),
            host: "localhost".to_owned(),
        };
        let pipeline = Pipeline::new(service, self.level, Registry::new(), CAPACITY);
        let ours = || Dispatch::new(tracing_subscriber::registry().with(layer()));
        let pipeline = pipeline.with_prices(self.prices);
        (Arc::new(pipeline), self.subscriber.unwrap_or_else(ours))
    }
}

pin_project_lite::pin_project! {
    /// Talks to the capture's pipeline whenever it is polled.
    struct Scoped<F> {
        #[pin]
        body: F,
        pipeline: Arc<Pipeline>,
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<F::Output> {
        let this = self.project();
        let _scope = Scope::enter(Arc::clone(this.pipeline));
        this.body.poll(context)
    }
}

/// What was captured: the records in the order in which they ended, and the metrics.
#[derive(Debug)]
pub struct Captured {
    records: Vec<Value>,
    lines: Vec<String>,
    registry: Arc<Registry>,
}

impl Captured {
    fn take(pipeline: &Pipeline) -> Self {
        let drained = pipeline.drain();
        let lines: Vec<String> = drained
            .iter()
            .map(|record| {
                let mut line = Vec::new();
                json::write(record, pipeline.service(), &mut line);
                String::from_utf8_lossy(&line).into_owned()
            })
            .collect();
        let records = lines
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        Self {
            records,
            lines,
            registry: Arc::clone(pipeline.registry()),
        }
    }

    /// All records, parsed.
    #[must_use]
    pub fn records(&self) -> &[Value] {
        &self.records
    }

    /// All records, as the lines that a sink would get.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The one record with this message.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one; it names those that there are.
    #[must_use]
    #[track_caller]
    pub fn record(&self, message: &str) -> &Value {
        let mut matching = self
            .records
            .iter()
            .filter(|record| record["message"] == message);
        match (matching.next(), matching.next()) {
            (Some(record), None) => record,
            (first, _) => panic!(
                "{} record with the message `{message}` was captured; the messages are {:?}",
                if first.is_some() {
                    "more than one"
                } else {
                    "no"
                },
                self.messages()
            ),
        }
    }

    /// The messages of all records.
    #[must_use]
    pub fn messages(&self) -> Vec<&str> {
        self.records
            .iter()
            .filter_map(|record| record["message"].as_str())
            .collect()
    }

    /// A metric's value, by its name and labels; of a histogram, `<name>_count` and `<name>_sum`.
    /// `None` if nothing was recorded for them.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.registry.value(name, labels)
    }
}
