//! See inside a production RAG service in Rust.
//!
//! One attribute on a stage function gives a span, metrics, a JSON log record and the request's context, joined by
//! one id. Nothing leaves your machine unless you configure it, and nothing is recorded that you did not name.
//!
//! ```no_run
//! # #![deny(warnings)]
//! use std::time::Duration;
//!
//! use ragspan::{ErrorType, LogContext, rag_span};
//!
//! /// Every record of a request repeats these fields.
//! #[derive(LogContext)]
//! struct Request {
//!     user_id: String,
//!     tenant_id: String,
//!     #[log(redact)]
//!     api_key: String,
//! }
//!
//! /// Each variant is a label of the error counter: `no_context`.
//! #[derive(Debug, ErrorType)]
//! enum SearchError {
//!     NoContext,
//! }
//!
//! impl std::fmt::Display for SearchError {
//!     fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
//!         out.write_str("no context found")
//!     }
//! }
//!
//! impl std::error::Error for SearchError {}
//!
//! #[rag_span(layer = "retrieval", context(top_k), ok(|hits| chunks = hits.len()))]
//! async fn hybrid_search(query: &str, top_k: usize) -> Result<Vec<String>, SearchError> {
//!     if query.is_empty() {
//!         return Err(SearchError::NoContext);
//!     }
//!     Ok(vec![query.to_owned(); top_k])
//! }
//!
//! #[rag_span(layer = "api")]
//! async fn answer(question: &str) -> Result<String, SearchError> {
//!     Ok(hybrid_search(question, 3).await?.join(" "))
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let telemetry = ragspan::start(ragspan::Config::load()?)?; // ragspan.yaml, or the defaults
//!     let request = Request {
//!         user_id: "ada".into(),
//!         tenant_id: "acme".into(),
//!         api_key: "k-1".into(),
//!     };
//!     println!("{}", request.scope(answer("what is a span?")).await?);
//!     telemetry.shutdown(Duration::from_secs(5)).await.report(); // sqlite: delivered 2, left 0, dropped 0
//!     Ok(())
//! }
//! ```
//!
//! `ragspan::start` is called once; until then, and without it, annotated functions run unmeasured.
//!
//! # Features
//!
//! All features are additive.
//!
//! - `sqlite` (default): the SQLite sink. The command `ragspan` queries its database.
//! - `serve` (default): the HTTP listener for `/metrics`.
//! - `yaml` (default): [`Config::load`], the configuration file.
//! - `log` (default): events of the `log` crate become records.
//! - `signal` (default): [`terminated`], for a graceful shutdown.
//! - `http`: [`http`](mod@http), tower layers for servers and clients. A `Response` of the `http` crate is classified
//!   by its status.
//! - `reqwest`: a middleware for `reqwest`.
//! - `serde`: a [`Secret`] is serialized as `[redacted]`.
//! - `testing`: [`testing`], for your own unit tests.
//! - `off`, set by the final binary: the attribute returns its item unchanged, and scopes add no fields. `testing`
//!   overrides it.
//!
//! The modules of the crate are layered: see `ARCHITECTURE.md`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "sqlite"),
    allow(
        dead_code,
        reason = "parts of a record's line, and its process, are for the database"
    )
)]

mod cancel;
pub mod config;
mod context;
mod dispatch;
#[cfg(feature = "http")]
pub mod http;
mod layer;
#[cfg_attr(
    not(feature = "testing"),
    allow(dead_code, reason = "reading values back is for captures")
)]
mod metrics;
mod pipeline;
pub mod prices;
pub mod privacy;
pub mod propagation;
pub mod rag;
mod record;
mod recordable;
pub mod scope;
mod sink;
mod span;
pub mod task;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod trace;
mod value;

#[doc(hidden)]
#[path = "critical.rs"]
pub mod __critical;
#[doc(hidden)]
#[path = "events.rs"]
pub mod __events;
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

/// Documentation pages whose examples are tested.
#[cfg(all(doctest, feature = "testing"))]
mod pages {
    #[doc = include_str!("../../docs/attribute.md")]
    mod attribute {}
    #[doc = include_str!("../../docs/context.md")]
    mod context {}
    #[doc = include_str!("../../docs/derives.md")]
    mod derives {}
    #[cfg(feature = "reqwest")]
    #[doc = include_str!("../../docs/http.md")]
    mod http {}
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../llms.txt")]
    mod llms {}
    #[doc = include_str!("../../docs/ids.md")]
    mod ids {}
    #[doc = include_str!("../../docs/migrate.md")]
    mod migrate {}
    #[doc = include_str!("../../docs/propagation.md")]
    mod propagation {}
    #[doc = include_str!("../../docs/privacy.md")]
    mod privacy {}
    #[doc = include_str!("../../docs/rag.md")]
    mod rag {}
    #[doc = include_str!("../../docs/spans.md")]
    mod spans {}
    #[doc = include_str!("../../docs/testing.md")]
    mod testing {}
}

/// Errors from parsing ids and levels, and the fields that an [`ErrorType`] adds to a record.
pub mod error {
    pub use crate::context::ParseIdError;
    pub use crate::record::ParseLevelError;
    pub use crate::span::ErrorFields;
}

pub use config::Config;
pub use context::{Layer, SpanId, TraceId};
pub use layer::{RagLayer, layer};
pub use privacy::Secret;
use ragspan_core::clock;
pub use ragspan_core::{Cost, Usage};
/// ```
/// use ragspan::rag_span;
///
/// #[rag_span(layer = "retrieval", context(top_k), ok(|hits| chunks = hits.len()))]
/// fn search(query: &str, top_k: usize) -> Vec<String> {
///     vec![query.to_owned(); top_k]
/// }
///
/// let (_, seen) = ragspan::testing::capture(|| search("bees", 3));
/// assert_eq!(seen.record("search_complete")["context"]["chunks"], 3);
/// ```
pub use ragspan_macros::rag_span;
/// ```
/// fn pages(file: &str) -> Result<usize, std::io::Error> {
///     let text = ragspan::span!("reading", layer = "ingestion", context(file), |span| {
///         let text = file.repeat(3);
///         span.metric("bytes", text.len());
///         Ok::<_, std::io::Error>(text)
///     })?;
///     Ok(text.len() / 2)
/// }
///
/// let (_, seen) = ragspan::testing::capture(|| pages("bees"));
/// let record = seen.record("reading_complete");
/// assert_eq!((&record["context"]["file"], &record["metrics"]["bytes"]), (&"bees".into(), &12.into()));
/// ```
pub use ragspan_macros::span;
pub use ragspan_macros::{ErrorType, LogContext};
pub use record::{Level, Outcome, SCHEMA};
pub use scope::{LogContext, Logger};
pub use span::{Document, ErrorType, Span, record};
#[cfg(feature = "signal")]
pub use telemetry::terminated;
pub use telemetry::{Telemetry, start};
pub use trace::{Context, trace_id};
