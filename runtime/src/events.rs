//! The macro `event!`, and the names that its expansion uses.

pub use crate::__critical::can_emit;
pub use tracing::{Level, event};

/// Records an event with the fields of a [`Logger`](crate::Logger), or of any other [`LogContext`](crate::LogContext).
///
/// Its arguments are the logger, the level (`TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `CRITICAL`), and the arguments
/// of `tracing`'s own macros. It needs no dependency on `tracing`. The event belongs to the current request and call.
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
            if $crate::__events::can_emit() {
                $crate::__events::event!($crate::__events::Level::$level, $($event)+)
            }
        })
    };
}
