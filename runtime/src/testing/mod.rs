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

mod capture;
mod captured;
mod entry;
mod event;
mod found;
mod metrics;
mod span;
mod time;
mod tree;

pub use capture::{Capture, capture, capture_async};
pub use captured::Captured;
pub use event::CapturedEvent;
pub use span::CapturedSpan;
pub use time::advance;
