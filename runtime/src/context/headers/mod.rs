//! Propagation headers of a request: W3C `traceparent`, `tracestate` and `baggage`, and LangSmith's `langsmith-trace`.
//!
//! Inbound headers are untrusted. The parsers never panic, and memory is bounded: each header has a limit over the
//! sum of its lines. Malformed headers are ignored and counted.

mod baggage;
mod langsmith;
mod policy;
mod received;
mod traceparent;
mod tracestate;

pub(crate) use baggage::baggage_header;
pub(crate) use langsmith::{DottedOrder, Segment};
pub use policy::Policy;
pub(crate) use received::{Received, receive};
pub(crate) use traceparent::TraceParent;
pub(crate) use tracestate::tracestate_header;
