//! The vocabulary that ragspan's crates share: time, ids, layers, levels, outcomes, usage and cost, and the spans of
//! a trace.
//!
//! Services depend on `ragspan`, which re-exports what they need. This crate depends neither on `tracing` nor on a
//! database.
//!
//! Without the default feature `full` the crate has one small dependency, so that the macros share its grammars
//! without a longer build.

#[cfg(feature = "full")]
pub mod clock;
pub mod duration;
pub mod escape;
#[cfg(feature = "full")]
mod id;
mod layer;
#[cfg(feature = "full")]
mod level;
mod outcome;
pub mod record;
#[cfg(feature = "full")]
pub mod source;
pub mod spelling;
pub mod stats;
#[cfg(feature = "full")]
pub mod trace;
#[cfg(feature = "full")]
mod usage;

#[cfg(feature = "full")]
pub use id::{ParseIdError, SpanId, TraceId};
pub use layer::Layer;
#[cfg(feature = "full")]
pub use level::{Level, ParseLevelError};
pub use outcome::Outcome;
#[cfg(feature = "full")]
pub use usage::{Billing, Cost, ParseTierError, ServiceTier, Usage};

/// Makes the `Debug` output of an error its `Display` output, since `?` in `main` prints `Debug`.
#[doc(hidden)]
#[macro_export]
macro_rules! debug_as_display {
    ($error:ty) => {
        impl ::std::fmt::Debug for $error {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, out)
            }
        }
    };
}
