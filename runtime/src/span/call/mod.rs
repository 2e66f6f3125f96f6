//! The life cycle of a call: it is pending or running, its value is classified, and it ends.

mod builder;
#[cfg(feature = "http")]
mod http;
mod lifecycle;
mod pending;
mod phase;
mod poll_guard;
mod record_fields;
mod start;
mod values;

pub use builder::CallBuilder;
pub use lifecycle::Call;
pub(super) use poll_guard::PollGuard;
