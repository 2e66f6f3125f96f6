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

impl<'a> CapturedEvent<'a> {
    /// A call of this operation was around it, at whatever distance.
    #[track_caller]
    pub fn under(self, operation: &str) -> Self {
        self.0.under(operation);
        self
    }

    /// It has this field, this metric, or this id of the request, with this value; numbers are compared by what they are worth.
    #[track_caller]
    pub fn with(self, field: &str, value: impl Into<Value>) -> Self {
        self.0.with(field, &value.into());
        self
    }

    /// It has no such field and no such metric, not even a redacted one.
    #[track_caller]
    pub fn without(self, field: &str) -> Self {
        self.0.without(field);
        self
    }

    /// It happened for this user.
    #[track_caller]
    pub fn for_user(self, user_id: &str) -> Self {
        self.0.for_user(user_id);
        self
    }

    /// It is of this level.
    #[track_caller]
    pub fn at_level(self, level: Level) -> Self {
        self.0.at_level(level);
        self
    }

    /// Its whole record, parsed, for whatever is not asked here.
    #[must_use]
    pub fn record(self) -> &'a Value {
        self.0.entry.record
    }
}
