//! The level of a record that an event of `tracing` makes.

use super::Level;

/// The prefix of the name of an ERROR event that [`critical!`](crate::critical) makes.
const CRITICAL_EVENT: &str = "ragspan.critical ";

/// Returns the level of the record that this event makes.
pub(crate) fn level_of_event(event: &tracing::Metadata<'_>) -> Level {
    match *event.level() {
        tracing::Level::ERROR if event.name().starts_with(CRITICAL_EVENT) => Level::Critical,
        level => level_of(level),
    }
}

/// Returns the record's level for a level of `tracing`, which has no CRITICAL.
pub(crate) const fn level_of(level: tracing::Level) -> Level {
    match level {
        tracing::Level::TRACE => Level::Trace,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::INFO => Level::Info,
        tracing::Level::WARN => Level::Warning,
        tracing::Level::ERROR => Level::Error,
    }
}
