//! Assertions about a captured event.

use serde_json::Value;

use super::assertion::Assertion;
use crate::record::Level;

/// A captured event. Each assertion returns the event again, and panics with the actual state.
///
/// ```
/// use ragspan::Level;
///
/// #[ragspan::rag_span(layer = "data")]
/// fn warm() {
///     tracing::warn!(size = 40, "cache warmed");
/// }
///
/// let ((), seen) = ragspan::testing::capture(warm);
/// seen.event("cache warmed").assert_level(Level::Warning).assert_field("size", 40).assert_under("warm");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CapturedEvent<'a>(pub(super) Assertion<'a>);

assertions!(CapturedEvent);
