//! Identifies a request and its calls: ids, request fields, hashes and propagation headers.

mod call_path;
mod callsite_info;
mod frame;
mod hash;
pub(crate) mod headers;
mod request;

pub(crate) use call_path::{CallPath, Outermost};
pub(crate) use callsite_info::CallsiteInfo;
pub(crate) use frame::Frame;
pub(crate) use hash::{HashKey, hash};
pub use ragspan_core::{Layer, ParseIdError, SpanId, TraceId};
pub(crate) use request::RequestContext;
