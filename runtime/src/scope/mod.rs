//! Fields of a running request: [`LogContext`] reports them to a [`ContextVisitor`], and [`bind`] adds to them.

mod bind;
pub(crate) mod callsite;
mod collect;
pub(crate) mod field_value;
mod impls;
mod log_context;
mod logger;
mod received;
mod visitor;

pub use bind::{bind, unbind};
pub(crate) use callsite::scope_is_enabled;
#[cfg(feature = "http")]
pub(crate) use log_context::OFF;
pub(crate) use log_context::fields_over;
pub use log_context::{EnteredScope, LogContext};
pub use logger::Logger;
pub use received::ReceivedHeaders;
pub use visitor::ContextVisitor;
