//! Captures the records and metrics of a piece of code in your own unit tests, with assertions about them.
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
//! seen.span("search").assert_success().assert_layer("retrieval").assert_field("chunks", 1);
//! assert_eq!(seen.record("search_complete")["logger"], "rag.retrieval");
//! ```
//!
//! A capture has records and metrics of its own, so tests run in parallel; it follows its code into tasks and
//! threads that ragspan starts (`ragspan::task::spawn`), and into those that run under its subscriber. [`Capture`]
//! stops time and seeds ids. A failed assertion panics with the actual state.

#[macro_use]
mod assertions;

mod assertion;
mod capture;
mod captured;
mod captured_record;
#[cfg(feature = "sqlite")]
mod deliver;
mod event;
mod metrics;
mod span;
mod time;
mod tree;

pub use capture::{Capture, capture, capture_async};
pub use captured::Captured;
pub use event::CapturedEvent;
pub use span::CapturedSpan;
pub use time::advance;
