//! Who and what a request is: its ids, its layer, and the fields that travel with it.

pub(crate) mod cancel;
pub(crate) mod carrier;
mod current;
pub(crate) mod frame;
mod ids;
mod layer;
mod request;
pub(crate) mod self_time;
pub(crate) mod sums;
pub(crate) mod trace;

pub use current::{Context, trace_id};
pub use ids::{ParseIdError, SpanId, TraceId};
pub use layer::Layer;
pub use request::ContextVisitor;
pub(crate) use request::RequestContext;
