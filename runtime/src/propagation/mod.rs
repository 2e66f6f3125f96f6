//! A request across services: its trace, its parent and what it carries, written into the headers of a call and read from them.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use ragspan::{LogContext, propagation, rag_span};
//!
//! /// In one service: what goes with a message.
//! #[rag_span(layer = "api")]
//! fn ask() -> HashMap<String, String> {
//!     let mut message = HashMap::new();
//!     propagation::inject(&mut message);
//!     message
//! }
//!
//! /// In the other one.
//! #[rag_span(layer = "retrieval")]
//! fn search() {}
//!
//! let ((), seen) = ragspan::testing::capture(|| {
//!     let message = ask();
//!     propagation::extract(&message).in_scope(search);
//! });
//! let (ask, search) = (seen.record("ask_complete"), seen.record("search_complete"));
//! assert_eq!(search["trace_id"], ask["trace_id"]);
//! assert_eq!(search["parent_span_id"], ask["span_id"]);
//! assert_eq!(search["request_id"], ask["request_id"]);
//! ```
//!
//! Written and read are W3C `traceparent`, `tracestate` and `baggage`, and LangSmith's `langsmith-trace`. What comes is a stranger's text:
//! what is malformed or over its limit is left out and counted in `ragspan_propagation_rejected_total`.

mod extract;
mod inject;

pub use crate::context::headers::Policy;
pub use extract::{Extract, Remote, extract};
pub use inject::{Inject, inject};
