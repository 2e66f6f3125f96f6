//! The attributes under test, where tracing's tests look for them.
//!
//! With the feature `upstream` it is tracing's own attribute, which shows that the harness is right.

#[cfg(not(feature = "upstream"))]
pub use ragspan::{__private::instrument_compat as instrument, rag_span};
#[cfg(feature = "upstream")]
pub use tracing_attributes::{instrument, instrument as rag_span};
