//! A logger whose every event carries fields of its own.

use std::fmt;
use std::sync::Arc;

use tracing::Value;

use super::bind::fill;
use super::scope::LogContext;
use crate::context::{ContextVisitor, RequestContext};

/// Fields that every event of this logger carries, beside those of the request that it runs in.
///
/// A clone costs one pointer; what is added to a clone or taken out of it changes that clone alone. It is a [`LogContext`] as
/// well, so that a scope can be opened with it. Events are written by [`event!`](crate::event!).
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
pub struct Logger(Arc<RequestContext>);

impl Logger {
    /// A logger without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn of(context: &dyn LogContext) -> Self {
        let mut fields = RequestContext::default();
        fill(&mut fields, |out| context.visit(out));
        Self(Arc::new(fields))
    }

    /// The same with a field more; it takes the place of one of the same name.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Value) -> Self {
        fill(Arc::make_mut(&mut self.0), |out| out.field(key, &value));
        self
    }

    /// The same without a field. What the request around it says of that name shows again.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        Arc::make_mut(&mut self.0).without(key);
        self
    }
}

#[diagnostic::do_not_recommend]
impl LogContext for Logger {
    fn visit(&self, out: &mut ContextVisitor<'_>) {
        out.all(&self.0);
    }
}

/// Values may be secret, so only the names are shown.
impl fmt::Debug for Logger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.fields.iter().map(|(name, _)| name);
        out.debug_set().entries(names).finish()
    }
}
