//! What code that is started here takes along: the request and the call that it is part of.

mod future;
mod here;
mod spawn;
pub mod thread;
mod timeout;

pub use future::InContext;
pub use here::{Here, carry, in_context, in_context_with};
pub use spawn::{spawn, spawn_blocking, spawn_local};
pub use timeout::{Timeout, timeout};
