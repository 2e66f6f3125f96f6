//! Events that a logger's fields go with, and all that their expansion may name.

pub use tracing::{Level, event};

/// Records an event that carries the fields of a [`Logger`](crate::Logger), or of any other [`LogContext`](crate::LogContext).
///
/// First comes the logger, then the level (`TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `CRITICAL`), then what `tracing`'s own
/// macros take. It needs no dependency on `tracing`. The event is part of the request and the call that it is written in.
///
/// ```
/// let log = ragspan::Logger::new().with("component", "cache");
/// # let (_, seen) = ragspan::testing::capture(|| {
/// ragspan::event!(log, INFO, entries = 3, "warmed in {} steps", 2);
/// ragspan::event!(log, CRITICAL, "gone");
/// # });
/// # assert_eq!(seen.record("warmed in 2 steps")["context"]["component"], "cache");
/// # assert_eq!(seen.record("gone")["level"], "CRITICAL");
/// ```
#[macro_export]
macro_rules! event {
    ($logger:expr, CRITICAL, $($event:tt)+) => {
        $crate::LogContext::in_scope(&$logger, || $crate::critical!($($event)+))
    };
    ($logger:expr, $level:ident, $($event:tt)+) => {
        $crate::LogContext::in_scope(&$logger, || {
            $crate::__events::event!($crate::__events::Level::$level, $($event)+)
        })
    };
}
