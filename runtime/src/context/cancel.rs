//! Why what is dropped now is dropped, where that is known.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};

/// Who ended a call before it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CancelledBy {
    /// It took too long for [`ragspan::task::timeout`](crate::task::timeout).
    Timeout,
    /// Its task was aborted.
    Abort,
    /// The service shuts down.
    Shutdown,
    /// Who waited for it has closed the connection, or has given up the request.
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

    /// Whoever drops a task from outside: the service, once it shuts down.
    pub(crate) fn from_outside() -> Self {
        if SHUTTING_DOWN.load(Ordering::Relaxed) {
            Self::Shutdown
        } else {
            Self::Abort
        }
    }

    /// Whoever waits on the other side of a connection: the service, once it shuts down.
    #[cfg(feature = "http")]
    pub(crate) fn by_peer() -> Self {
        match Self::from_outside() {
            Self::Abort => Self::Disconnect,
            known => known,
        }
    }
}

static SHUTTING_DOWN: AtomicBool = AtomicBool::new(false);

thread_local! {
    static CAUSE: Cell<Option<CancelledBy>> = const { Cell::new(None) };
}

/// From now on what is dropped from outside is dropped because the service ends.
pub(crate) fn shutting_down() {
    SHUTTING_DOWN.store(true, Ordering::Relaxed);
}

/// Why what is dropped on this thread now is dropped.
pub(crate) fn cause() -> Option<CancelledBy> {
    CAUSE.try_with(Cell::get).ok().flatten()
}

/// While it lives, what is dropped on this thread is dropped for this reason.
#[derive(Debug)]
pub(crate) struct Because {
    before: Option<CancelledBy>,
}

impl Because {
    pub(crate) fn of(cause: CancelledBy) -> Self {
        let before = CAUSE.try_with(|now| now.replace(Some(cause)));
        Self {
            before: before.unwrap_or(None),
        }
    }

    /// The same, unless a reason is known: who is nearer to it knows better.
    #[cfg(feature = "http")]
    pub(crate) fn unless_known(cause_if_none: CancelledBy) -> Option<Self> {
        cause().is_none().then(|| Self::of(cause_if_none))
    }
}

impl Drop for Because {
    fn drop(&mut self) {
        // Gone only on a thread that is ending.
        let _gone = CAUSE.try_with(|now| now.set(self.before));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_reason_counts_and_the_outer_comes_back() {
        assert_eq!(cause(), None);
        let outer = Because::of(CancelledBy::Abort);
        let inner = Because::of(CancelledBy::Timeout);
        assert_eq!(cause(), Some(CancelledBy::Timeout));
        drop(inner);
        assert_eq!(cause(), Some(CancelledBy::Abort));
        drop(outer);
        assert_eq!(cause(), None);
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_reason_that_is_known_stays() {
        let outer = Because::unless_known(CancelledBy::Disconnect);
        assert_eq!(cause(), Some(CancelledBy::Disconnect));
        assert!(Because::unless_known(CancelledBy::Timeout).is_none());
        drop(outer);
        assert_eq!(cause(), None);
    }
}
