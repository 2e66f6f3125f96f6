//! Who and what a request is: its ids, its layer, and the fields that travel with it.

pub(crate) mod cancel;
pub(crate) mod carrier;
mod current;
pub(crate) mod frame;
mod hash;
pub(crate) mod headers;
mod request;
pub(crate) mod self_time;
pub(crate) mod sums;
pub(crate) mod trace;
mod visitor;

pub use current::{Context, trace_id};
pub(crate) use hash::HashKey;
pub use ragspan_core::{Layer, ParseIdError, SpanId, TraceId};
pub(crate) use request::RequestContext;
pub use visitor::ContextVisitor;
