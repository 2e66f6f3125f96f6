//! Which pipeline the code that runs here talks to: the one of the test's capture around it, else the global one.

#[cfg_attr(
    not(feature = "testing"),
    allow(dead_code, reason = "only tests capture")
)]
mod captures;
mod carried;

use std::cell::Cell;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tracing::dispatcher::WeakDispatch;

#[cfg(feature = "testing")]
pub(crate) use captures::Claim;
pub(crate) use carried::{Carried, carry};

use crate::pipeline::{Pipeline, say};

static GLOBAL: OnceLock<Arc<Pipeline>> = OnceLock::new();

thread_local! {
    static HUSHED: Cell<bool> = const { Cell::new(false) };
}

/// While `tell` runs, what it tells `tracing` is for other layers: ours has it already.
pub(crate) fn suppressed<R>(tell: impl FnOnce() -> R) -> R {
    let before = HUSHED.try_with(|suppressed| suppressed.replace(true));
    let told = tell();
    if let Ok(before) = before {
        // Gone only on a thread that is ending.
        let _gone = HUSHED.try_with(|suppressed| suppressed.set(before));
    }
    told
}

/// Whether what this thread tells `tracing` now is not for our layer.
pub(crate) fn is_suppressed() -> bool {
    HUSHED.try_with(Cell::get).unwrap_or(false)
}

/// A way to a pipeline.
#[derive(Clone, Debug)]
pub(crate) enum Handle {
    /// The pipeline of the process.
    Global(&'static Pipeline),
    /// A pipeline for a test.
    Scoped(Arc<Pipeline>),
}

impl Handle {
    pub(crate) fn is_global(&self) -> bool {
        matches!(self, Self::Global(_))
    }
}

impl Deref for Handle {
    type Target = Pipeline;

    fn deref(&self) -> &Pipeline {
        match self {
            Self::Global(pipeline) => pipeline,
            Self::Scoped(pipeline) => pipeline,
        }
    }
}

/// The pipeline that code on this thread talks to now.
pub(crate) fn current() -> Option<Handle> {
    captures::here().map_or_else(global, |scoped| Some(Handle::Scoped(scoped)))
}

/// The same inside of a layer, where `tracing` hides the subscriber: this is the layer's.
pub(crate) fn current_in(subscriber: Option<&WeakDispatch>) -> Option<Handle> {
    captures::under(subscriber).map_or_else(global, |scoped| Some(Handle::Scoped(scoped)))
}

fn global() -> Option<Handle> {
    GLOBAL.get().map(|pipeline| Handle::Global(pipeline))
}

/// Tells, once, that a call found nothing started: a service that forgot it looks like one that has nothing to say.
/// Debug builds only; not in a test harness, where it is normal.
#[cold]
pub(crate) fn miss(operation: &str) {
    static TOLD: AtomicBool = AtomicBool::new(false);
    if cfg!(debug_assertions) && !TOLD.swap(true, Ordering::Relaxed) && wants_hint() {
        say(&format!(
            "`{operation}` was called with nothing started, so its records and metrics go nowhere: call \
             `ragspan::start(ragspan::Config::default())` first, and keep what it returns (RAGSPAN_HINT=off hides this)"
        ));
    }
}

fn wants_hint() -> bool {
    let off = std::env::var_os("RAGSPAN_HINT").is_some_and(|set| set == "off");
    !off && !std::env::current_exe().is_ok_and(|program| is_test(&program))
}

/// Cargo keeps test programs in `deps`, and what is to be run beside that.
fn is_test(program: &Path) -> bool {
    let folder = program.parent().and_then(Path::file_name);
    folder.is_some_and(|folder| folder == "deps")
}

/// Whether this process has a pipeline.
pub(crate) fn is_set() -> bool {
    GLOBAL.get().is_some()
}

/// Makes `pipeline` the one of the process; gives it back if there is one.
pub(crate) fn set_global(pipeline: Arc<Pipeline>) -> Result<(), Arc<Pipeline>> {
    GLOBAL.set(pipeline)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_known_by_its_folder() {
        assert!(is_test(Path::new("/target/debug/deps/app-0123")));
        assert!(!is_test(Path::new("/target/debug/app")));
        assert!(!wants_hint(), "these tests are one");
    }
}
