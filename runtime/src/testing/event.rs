//! What a test says of a captured event.

use serde_json::Value;

use super::found::Found;
use crate::record::Level;

/// One event, as it was captured. Each assertion returns the event again, and panics with what there was instead.
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
/// seen.event("cache warmed").at_level(Level::Warning).with("size", 40).under("warm");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CapturedEvent<'a>(pub(super) Found<'a>);

sentences!(CapturedEvent);
