//! The tree of running calls: which call encloses the current code, what a trace adds up, and what calls report to
//! their parents.

mod attach;
mod current;
mod error_origin;
mod inherited;
mod local;
mod lookup;
mod node;
mod report;
mod self_time;
mod sums;
pub(crate) mod thread;

pub(crate) use attach::attach;
pub use current::{Context, trace_id};
pub(crate) use error_origin::ErrorOrigin;
pub(crate) use inherited::Inherited;
pub(crate) use local::LocalTrace;
pub(crate) use lookup::{current, nearest, path, segments};
pub(crate) use report::{
    error_origins, record_late, record_late_in_enclosing, report_end, report_error_origin,
};
pub(crate) use self_time::SelfTime;
pub(crate) use sums::{Sums, TraceSums};
