//! The vocabulary that ragspan's crates share: time, ids, layers, levels, outcomes, usage and cost, and the spans of a trace.
//!
//! Services depend on `ragspan`, which re-exports what they need. This crate depends neither on `tracing` nor on a database.

pub mod clock;
pub mod escape;
mod id;
mod layer;
mod level;
mod outcome;
pub mod record;
pub mod trace;
mod usage;

pub use id::{ParseIdError, SpanId, TraceId};
pub use layer::Layer;
pub use level::{Level, ParseLevelError};
pub use outcome::Outcome;
pub use usage::{Cost, Usage};
