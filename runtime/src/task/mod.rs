//! Runs tasks, threads and closures in the context that starts them: the request and the enclosing annotated call.

mod future;
mod handle;
mod spawn;
mod thread;
mod timeout;

pub use future::WithContext;
pub use handle::{ContextHandle, with_current_context, wrap, wrap_fn};
pub use spawn::{spawn, spawn_blocking, spawn_local};
pub use thread::spawn_thread;
pub use timeout::{Timeout, timeout};
