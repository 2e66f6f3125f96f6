//! The spans in which errors first occurred, as a call's children report them.

use ragspan_core::SpanId;

use crate::context::Outermost;

/// A call keeps at most this many errors of its children.
const MAX_ORIGINS: usize = 32;

/// An error that a child has recorded.
#[derive(Debug, Clone)]
pub(crate) struct ErrorOrigin {
    /// The hash of the deepest text in the error's chain of sources.
    pub(crate) hash: u64,
    /// The span in which the error first occurred.
    pub(crate) span_id: SpanId,
    /// The number of calls from the receiver up to the root, itself included. With `outermost` it spares the receiver
    /// a walk up to the root, which would take quadratic time in a deep recursion.
    pub(crate) length: usize,
    /// The end of the path of the call that reports the error.
    pub(crate) outermost: Option<Outermost>,
}

/// The errors that the children of one call have recorded, the latest last.
#[derive(Debug, Default)]
pub(super) struct ErrorOrigins(Vec<ErrorOrigin>);

impl ErrorOrigins {
    /// Adds an error. It replaces one with the same hash; at the limit the oldest is removed, since a call most likely
    /// fails with the error that occurred last.
    pub(super) fn push(&mut self, origin: ErrorOrigin) {
        self.0.retain(|known| known.hash != origin.hash);
        if self.0.len() >= MAX_ORIGINS {
            self.0.remove(0);
        }
        self.0.push(origin);
    }

    pub(super) fn to_vec(&self) -> Vec<ErrorOrigin> {
        self.0.clone()
    }
}
