//! A frame: the fields that one scope or one request began with, and what was bound to it since.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::RequestContext;

/// The fields of a scope, or of a request that has none, as all that runs inside it sees them.
///
/// Whoever reads takes the fields as they are now, whole; what is bound replaces them. So a record never sees half of a
/// change, and nobody waits for user code.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    first: Option<Arc<RequestContext>>,
    /// Most frames are never bound to, and are read without a lock.
    is_bound: AtomicBool,
    bound: RwLock<Option<Arc<RequestContext>>>,
}

impl Frame {
    pub(crate) fn new(first: Option<Arc<RequestContext>>) -> Self {
        Self {
            first,
            ..Self::default()
        }
    }

    /// The fields as they are now; `None` where there are none.
    pub(crate) fn now(&self) -> Option<Arc<RequestContext>> {
        if !self.is_bound.load(Ordering::Acquire) {
            return self.first.clone();
        }
        let bound = self.bound.read().unwrap_or_else(PoisonError::into_inner);
        bound.clone()
    }

    /// Changes the fields for all that follows. `change` is ours and short: nothing of the user's runs under the lock.
    pub(crate) fn bind(&self, change: impl FnOnce(&mut RequestContext)) {
        let mut bound = self.bound.write().unwrap_or_else(PoisonError::into_inner);
        let before = bound.as_deref().or(self.first.as_deref());
        let mut fields = before.cloned().unwrap_or_default();
        change(&mut fields);
        *bound = Some(Arc::new(fields));
        self.is_bound.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(frame: &Frame) -> Option<String> {
        frame.now()?.user_id.as_deref().map(str::to_owned)
    }

    #[test]
    fn what_is_bound_takes_the_place_of_what_was_and_leaves_the_rest() {
        let first = RequestContext {
            user_id: Some("ada".into()),
            tenant_id: Some("acme".into()),
            ..RequestContext::default()
        };
        let frame = Frame::new(Some(Arc::new(first)));
        let before = frame.now();
        frame.bind(|fields| fields.user_id = Some("bob".into()));
        frame.bind(|fields| fields.session_id = Some("s1".into()));
        assert_eq!(user(&frame).as_deref(), Some("bob"));
        let now = frame.now().unwrap();
        assert_eq!(
            (now.tenant_id.as_deref(), now.session_id.as_deref()),
            (Some("acme"), Some("s1"))
        );
        // Whoever has read keeps what was read.
        assert_eq!(before.unwrap().user_id.as_deref(), Some("ada"));
    }

    #[test]
    fn an_empty_frame_can_be_bound_to() {
        let frame = Frame::default();
        assert!(frame.now().is_none());
        frame.bind(|fields| fields.user_id = Some("ada".into()));
        assert_eq!(user(&frame).as_deref(), Some("ada"));
    }
}
