//! Which pipeline the code that runs here talks to: the one of this scope, else the global one.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::pipeline::Pipeline;

static GLOBAL: OnceLock<Arc<Pipeline>> = OnceLock::new();

/// How many scopes are open in this process; while there is none, no thread looks for its own.
static SCOPES: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static SCOPED: RefCell<Vec<Arc<Pipeline>>> = const { RefCell::new(Vec::new()) };
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
    if SCOPES.load(Ordering::Relaxed) > 0
        && let Some(scoped) = scoped()
    {
        return Some(Handle::Scoped(scoped));
    }
    GLOBAL.get().map(|pipeline| Handle::Global(pipeline))
}

fn scoped() -> Option<Arc<Pipeline>> {
    SCOPED
        .try_with(|stack| stack.try_borrow().ok()?.last().cloned())
        .ok()
        .flatten()
}

/// Whether this process has a pipeline.
pub(crate) fn is_set() -> bool {
    GLOBAL.get().is_some()
}

/// Makes `pipeline` the one of the process; gives it back if there is one.
pub(crate) fn set_global(pipeline: Arc<Pipeline>) -> Result<(), Arc<Pipeline>> {
    GLOBAL.set(pipeline)
}

/// While it lives, this thread talks to the pipeline that it was made with.
#[derive(Debug)]
pub(crate) struct Scope(());

impl Scope {
    #[cfg_attr(
        not(any(test, feature = "testing")),
        expect(dead_code, reason = "tests only")
    )]
    pub(crate) fn enter(pipeline: Arc<Pipeline>) -> Self {
        SCOPES.fetch_add(1, Ordering::Relaxed);
        SCOPED.with_borrow_mut(|stack| stack.push(pipeline));
        Self(())
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        let _gone = SCOPED.try_with(|stack| stack.try_borrow_mut().map(|mut stack| stack.pop()));
        SCOPES.fetch_sub(1, Ordering::Relaxed);
    }
}
