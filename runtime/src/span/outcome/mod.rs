//! The outcome of a call, derived from the value that it returned.

mod error_type;
mod fallible;
mod may_be_empty;
#[expect(
    unnameable_types,
    reason = "expansions call methods of the tiers and never name one"
)]
mod probe;
#[cfg(feature = "http")]
mod response;

pub use error_type::{ErrorFields, ErrorType};
pub use fallible::{Fallible, fallible};
pub use may_be_empty::{MayBeEmpty, is_empty};
pub use probe::Probe;
