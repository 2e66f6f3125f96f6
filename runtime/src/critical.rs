//! The macro `critical!`, and the names that its expansion uses.

pub use core::{concat, file, line};
pub use tracing::{Level, event};

/// Records an event at CRITICAL: the system is down, or is about to be.
///
/// It takes the arguments of `tracing::error!`, and other layers see an ERROR event; only ragspan's records have the
/// level CRITICAL. It needs no dependency on `tracing`. A `name:` has to be a literal.
///
/// ```
/// ragspan::critical!("the index is gone");
/// ragspan::critical!(index = "chunks", shards = 3, "the index is gone");
/// ragspan::critical!(target: "storage", path = ?std::path::Path::new("/var/lib"), "no disk");
/// ```
#[macro_export]
macro_rules! critical {
    (@event $name:expr; target: $target:expr, parent: $parent:expr, $($event:tt)+) => {
        $crate::__critical::event!(
            name: $name, target: $target, parent: $parent, $crate::__critical::Level::ERROR, $($event)+
        )
    };
    (@event $name:expr; target: $target:expr, $($event:tt)+) => {
        $crate::__critical::event!(
            name: $name, target: $target, $crate::__critical::Level::ERROR, $($event)+
        )
    };
    (@event $name:expr; parent: $parent:expr, $($event:tt)+) => {
        $crate::__critical::event!(
            name: $name, parent: $parent, $crate::__critical::Level::ERROR, $($event)+
        )
    };
    (@event $name:expr; $($event:tt)+) => {
        $crate::__critical::event!(name: $name, $crate::__critical::Level::ERROR, $($event)+)
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
