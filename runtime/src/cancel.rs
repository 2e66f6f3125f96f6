//! The reason why calls that are being dropped on this thread are cancelled, if it is known.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// The reason of a cancellation: the field `cancelled_by` of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CancelledBy {
    /// The time limit of [`ragspan::task::timeout`](crate::task::timeout) elapsed.
    Timeout,
    /// The task was aborted.
    Abort,
    /// The service is shutting down.
    Shutdown,
    /// The client closed the connection or cancelled the request.
    #[cfg(feature = "http")]
    Disconnect,
}

impl CancelledBy {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Abort => "abort",
            Self::Shutdown => "shutdown",
            #[cfg(feature = "http")]
            Self::Disconnect => "disconnect",
        }
    }

    /// Returns the reason of a task dropped by the async runtime: `Shutdown` once the service is shutting down, else
    /// `Abort`.
    pub(crate) fn by_runtime() -> Self {
        if SHUTTING_DOWN.load(Ordering::Relaxed) {
            Self::Shutdown
        } else {
            Self::Abort
        }
    }

    /// Returns the reason of a dropped response: `Shutdown` once the service is shutting down, else `Disconnect`.
    #[cfg(feature = "http")]
    pub(crate) fn by_peer() -> Self {
        match Self::by_runtime() {
            Self::Abort => Self::Disconnect,
            shutdown => shutdown,
        }
    }
}

static SHUTTING_DOWN: AtomicBool = AtomicBool::new(false);

thread_local! {
    static REASON: Cell<Option<CancelledBy>> = const { Cell::new(None) };
}

/// Marks the service as shutting down: tasks dropped from now on have the reason `Shutdown`.
pub(crate) fn shutting_down() {
    SHUTTING_DOWN.store(true, Ordering::Relaxed);
}

/// Returns the reason for which calls are being dropped on this thread.
pub(crate) fn current_reason() -> Option<CancelledBy> {
    REASON.try_with(Cell::get).ok().flatten()
}

/// A guard that sets the reason for all calls dropped on this thread until it is dropped itself.
#[derive(Debug)]
pub(crate) struct CancelGuard {
    previous: Option<CancelledBy>,
}

impl CancelGuard {
    /// Sets the reason.
    pub(crate) fn set(reason: CancelledBy) -> Self {
        let previous = REASON.try_with(|current| current.replace(Some(reason)));
        Self {
            previous: previous.unwrap_or(None),
        }
    }

    /// Sets the reason unless one is set, since the code that set it knows the cause better.
    #[cfg(feature = "http")]
    pub(crate) fn set_if_unknown(reason: CancelledBy) -> Option<Self> {
        current_reason().is_none().then(|| Self::set(reason))
    }
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        // The thread-local is gone only while the thread is being torn down.
        let _gone = REASON.try_with(|current| current.set(self.previous));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_reason_applies_and_the_outer_one_is_restored() {
        assert_eq!(current_reason(), None);
        let outer = CancelGuard::set(CancelledBy::Abort);
        let inner = CancelGuard::set(CancelledBy::Timeout);
        assert_eq!(current_reason(), Some(CancelledBy::Timeout));
        drop(inner);
        assert_eq!(current_reason(), Some(CancelledBy::Abort));
        drop(outer);
        assert_eq!(current_reason(), None);
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_reason_that_is_set_is_not_replaced() {
        let outer = CancelGuard::set_if_unknown(CancelledBy::Disconnect);
        assert_eq!(current_reason(), Some(CancelledBy::Disconnect));
        assert!(CancelGuard::set_if_unknown(CancelledBy::Timeout).is_none());
        drop(outer);
        assert_eq!(current_reason(), None);
    }
}
