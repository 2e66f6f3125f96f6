//! The attributes under test, under the crate name that the tests of tracing import.
//!
//! With the feature `upstream`, both are the attribute of tracing, to check the harness.

#[cfg(not(feature = "upstream"))]
pub use ragspan::{__private::instrument_compat as instrument, rag_span};
#[cfg(feature = "upstream")]
pub use tracing_attributes::{instrument, instrument as rag_span};
