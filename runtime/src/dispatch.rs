//! Finds the pipeline of the running code: the one of the enclosing test capture, or else the global one.

mod captured_pipeline;
#[cfg_attr(
    not(feature = "testing"),
    allow(dead_code, reason = "captures exist only in tests")
)]
mod captures;
mod probe;

use std::cell::Cell;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tracing::dispatcher::WeakDispatch;

pub(crate) use captured_pipeline::CapturedPipeline;
#[cfg(feature = "testing")]
pub(crate) use captures::Claim;
#[cfg(feature = "log")]
pub(crate) use probe::clear_filter_state;
pub(crate) use probe::probe;

use crate::pipeline::{Pipeline, print_to_stderr};

static GLOBAL: OnceLock<Arc<Pipeline>> = OnceLock::new();

/// The pipeline of a forked process that has started anew, in the place of its parent's.
static RESTARTED: RwLock<Option<&'static Pipeline>> = RwLock::new(None);

/// Whether [`RESTARTED`] is set, so that other processes take no lock.
static IS_RESTARTED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static SUPPRESSED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `emit`, and hides its events and values from our layer, which has recorded them already; other layers see them.
pub(crate) fn suppressed<R>(emit: impl FnOnce() -> R) -> R {
    let before = SUPPRESSED.try_with(|suppressed| suppressed.replace(true));
    let value = emit();
    if let Ok(before) = before {
        // The thread-local is gone only on a thread that is ending.
        let _gone = SUPPRESSED.try_with(|suppressed| suppressed.set(before));
    }
    value
}

/// Returns whether our layer ignores the events and values of this thread now.
pub(crate) fn is_suppressed() -> bool {
    SUPPRESSED.try_with(Cell::get).unwrap_or(false)
}

/// A reference to a pipeline.
#[derive(Clone, Debug)]
pub(crate) enum Handle {
    /// The pipeline of the process.
    Global(&'static Pipeline),
    /// The pipeline of a test capture.
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

/// Returns the pipeline of the code that runs on this thread; `None` if nothing was started.
pub(crate) fn current() -> Option<Handle> {
    captures::current().map_or_else(global, |scoped| Some(Handle::Scoped(scoped)))
}

/// Returns the pipeline of the code that runs under this subscriber. A layer calls it with its own subscriber, since
/// `tracing` hides the current subscriber inside a layer.
pub(crate) fn current_in(subscriber: Option<&WeakDispatch>) -> Option<Handle> {
    captures::current_in(subscriber).map_or_else(global, |scoped| Some(Handle::Scoped(scoped)))
}

fn global() -> Option<Handle> {
    if IS_RESTARTED.load(Ordering::Relaxed) {
        return restarted().map(Handle::Global);
    }
    GLOBAL.get().map(|pipeline| Handle::Global(pipeline))
}

#[cold]
fn restarted() -> Option<&'static Pipeline> {
    *RESTARTED.read().unwrap_or_else(PoisonError::into_inner)
}

/// Prints, once per process, that a call was made before `start`: otherwise a service without a `start` looks like a
/// service without records. Only in debug builds, and not in test programs, where calls without a `start` are normal.
#[cold]
pub(crate) fn hint_not_started(operation: &str) {
    static IS_PRINTED: AtomicBool = AtomicBool::new(false);
    if cfg!(debug_assertions) && !IS_PRINTED.swap(true, Ordering::Relaxed) && wants_hint() {
        print_to_stderr(&format!(
            "`{operation}` was called before `ragspan::start`, so its records and metrics are lost: call \
             `ragspan::start(ragspan::Config::default())` first, and keep the `Telemetry` that it returns \
             (RAGSPAN_HINT=off hides this hint)"
        ));
    }
}

fn wants_hint() -> bool {
    let off = std::env::var_os("RAGSPAN_HINT").is_some_and(|value| value == "off");
    !off && !std::env::current_exe().is_ok_and(|program| is_test(&program))
}

/// Returns whether Cargo built this program as a test: those are in `deps`, and all others are beside that folder.
fn is_test(program: &Path) -> bool {
    let folder = program.parent().and_then(Path::file_name);
    folder.is_some_and(|folder| folder == "deps")
}

/// Returns whether this process has a global pipeline, and not only the copy of its parent's.
pub(crate) fn is_set() -> bool {
    global().is_some_and(|pipeline| !pipeline.is_forked())
}

/// Makes `pipeline` the global one.
///
/// # Errors
///
/// If this process has a global pipeline already; returns `pipeline`.
pub(crate) fn set_global(pipeline: Arc<Pipeline>) -> Result<(), Arc<Pipeline>> {
    if is_set() {
        return Err(pipeline);
    }
    let Err(pipeline) = GLOBAL.set(pipeline) else {
        return Ok(());
    };
    let mut restarted = RESTARTED.write().unwrap_or_else(PoisonError::into_inner);
    // A process is forked a few times at most.
    *restarted = Some(Box::leak(Box::new(pipeline)));
    IS_RESTARTED.store(true, Ordering::Relaxed);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_program_is_recognised_by_its_folder() {
        assert!(is_test(Path::new("/target/debug/deps/app-0123")));
        assert!(!is_test(Path::new("/target/debug/app")));
        assert!(!wants_hint(), "this is a test program");
    }
}
