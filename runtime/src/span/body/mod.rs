//! The ways in which the body of a call runs: on the stack, as a future, or as a stream.

mod block;
mod future;
mod stream;
mod then;
#[cfg(feature = "http")]
mod with_call;

pub use block::{plain_block, plain_block_with, run};
pub use future::CallFuture;
pub use stream::CallStream;
pub use then::CallThen;
#[cfg(feature = "http")]
pub(crate) use with_call::WithCall;
