//! The macro `critical!`, and the names that its expansion uses.

pub use core::{concat, file, line};
pub use tracing::{Level, event};

use crate::dispatch;
use crate::trace::thread;

/// Returns whether the layers of this thread can take an event. While a thread drops its thread-locals, other layers
/// than ours may panic, which would abort the process.
#[must_use]
pub fn can_emit() -> bool {
    !thread::is_ending() || dispatch::current().is_some_and(|handle| handle.is_sole_listener())
}

/// Records an event at CRITICAL: the system is down, or is about to be.
///
/// It takes the arguments of `tracing::error!`, and other layers see an ERROR event; only ragspan's records have the
/// level CRITICAL. It needs no dependency on `tracing`. A `name:` has to be a literal. While a thread drops its
/// thread-locals, the event is recorded only if no other layer is installed.
///
/// ```
/// ragspan::critical!("the index is gone");
/// ragspan::critical!(index = "chunks", shards = 3, "the index is gone");
/// ragspan::critical!(target: "storage", path = ?std::path::Path::new("/var/lib"), "no disk");
/// ```
#[macro_export]
macro_rules! critical {
    (@event $name:expr; target: $target:expr, parent: $parent:expr, $($event:tt)+) => {
        if $crate::__critical::can_emit() {
            $crate::__critical::event!(
                name: $name, target: $target, parent: $parent, $crate::__critical::Level::ERROR, $($event)+
            )
        }
    };
    (@event $name:expr; target: $target:expr, $($event:tt)+) => {
        if $crate::__critical::can_emit() {
            $crate::__critical::event!(
                name: $name, target: $target, $crate::__critical::Level::ERROR, $($event)+
            )
        }
    };
    (@event $name:expr; parent: $parent:expr, $($event:tt)+) => {
        if $crate::__critical::can_emit() {
            $crate::__critical::event!(
                name: $name, parent: $parent, $crate::__critical::Level::ERROR, $($event)+
            )
        }
    };
    (@event $name:expr; $($event:tt)+) => {
        if $crate::__critical::can_emit() {
            $crate::__critical::event!(name: $name, $crate::__critical::Level::ERROR, $($event)+)
        }
    };
    (name: $name:literal, $($event:tt)+) => {
        $crate::critical!(@event $crate::__critical::concat!("ragspan.critical ", $name); $($event)+)
    };
    ($($event:tt)+) => {
        $crate::critical!(
            @event $crate::__critical::concat!(
                "ragspan.critical ",
                $crate::__critical::file!(),
                ":",
                $crate::__critical::line!()
            );
            $($event)+
        )
    };
}
