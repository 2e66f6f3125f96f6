//! A logger that adds its own fields to every event.

use std::fmt;
use std::sync::Arc;

use tracing::Value;

use super::collect::collect;
use crate::context::RequestContext;

/// Fields that are added to every event of this logger, besides those of the request.
///
/// A clone copies one pointer; adding or removing fields changes that clone only. `Logger` implements
/// [`LogContext`](crate::LogContext), so a scope can be opened with it. Events are written with
/// [`event!`](crate::event!).
///
/// ```
/// use ragspan::Logger;
///
/// let log = Logger::new().with("component", "indexer").with("shard", 3);
/// let loud = log.clone().with("attempt", 2).without("shard");
///
/// let (_, seen) = ragspan::testing::capture(|| {
///     ragspan::event!(log, INFO, chunks = 42, "indexed");
///     ragspan::event!(loud, WARN, "slow disk");
/// });
/// let indexed = &seen.record("indexed")["context"];
/// assert_eq!((&indexed["component"], &indexed["shard"]), (&"indexer".into(), &3.into()));
/// assert_eq!(indexed["chunks"], 42);
/// let slow = &seen.record("slow disk")["context"];
/// assert_eq!((&slow["attempt"], slow["shard"].is_null()), (&2.into(), true));
/// ```
#[derive(Clone, Default)]
pub struct Logger(pub(super) Arc<RequestContext>);

impl Logger {
    /// Creates a logger without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field, or replaces the field of this name.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Value) -> Self {
        collect(Arc::make_mut(&mut self.0), |out| out.field(key, &value));
        self
    }

    /// Removes a field. A field of this name of the enclosing request then applies again.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        Arc::make_mut(&mut self.0).remove(key);
        self
    }
}

/// Shows only the names of the fields, since their values may be secret.
impl fmt::Debug for Logger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.fields.iter().map(|(name, _)| name);
        out.debug_set().entries(names).finish()
    }
}
