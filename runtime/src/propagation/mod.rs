//! Propagates a request across services: writes its trace, parent span and baggage into headers, and reads them from
//! headers.
//!
//! ```
//! use std::collections::HashMap;
//!
//! use ragspan::{LogContext, propagation, rag_span};
//!
//! /// In one service: returns the headers of a message.
//! #[rag_span(layer = "api")]
//! fn ask() -> HashMap<String, String> {
//!     let mut message = HashMap::new();
//!     propagation::inject(&mut message);
//!     message
//! }
//!
//! /// In the other service.
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
//! The headers are W3C `traceparent`, `tracestate` and `baggage`, and LangSmith's `langsmith-trace`. Inbound headers
//! are untrusted: a value that is malformed or over its limit is ignored and counted in
//! `ragspan_propagation_rejected_total`.

mod extract;
mod inject;

pub use crate::context::headers::Policy;
pub use extract::{Extract, Remote, extract};
pub use inject::{Inject, inject};
