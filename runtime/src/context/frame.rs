//! The request fields of one scope, which `bind` can change while the scope runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::request::RequestContext;

/// The fields of a scope, or of a request outside of any scope, shared by all code inside.
///
/// Readers take a snapshot of all fields, and `bind` replaces the whole: so a record never sees half of a change, and
/// no user code runs under the lock.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    first: Option<Arc<RequestContext>>,
    /// Most frames are never changed, and are read without a lock.
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

    /// Returns the current fields; `None` if there are none.
    pub(crate) fn fields(&self) -> Option<Arc<RequestContext>> {
        if !self.is_bound.load(Ordering::Acquire) {
            return self.first.clone();
        }
        let bound = self.bound.read().unwrap_or_else(PoisonError::into_inner);
        bound.clone()
    }

    /// Changes the fields for all later readers. `change` runs under the lock, so it must be short and must not run
    /// user code.
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
        frame.fields()?.user_id.as_deref().map(str::to_owned)
    }

    #[test]
    fn bound_fields_replace_fields_of_the_same_name_only() {
        let first = RequestContext {
            user_id: Some("ada".into()),
            tenant_id: Some("acme".into()),
            ..RequestContext::default()
        };
        let frame = Frame::new(Some(Arc::new(first)));
        let before = frame.fields();
        frame.bind(|fields| fields.user_id = Some("bob".into()));
        frame.bind(|fields| fields.session_id = Some("s1".into()));
        assert_eq!(user(&frame).as_deref(), Some("bob"));
        let now = frame.fields().unwrap();
        assert_eq!(
            (now.tenant_id.as_deref(), now.session_id.as_deref()),
            (Some("acme"), Some("s1"))
        );
        // An earlier snapshot does not change.
        assert_eq!(before.unwrap().user_id.as_deref(), Some("ada"));
    }

    #[test]
    fn fields_can_be_bound_to_an_empty_frame() {
        let frame = Frame::default();
        assert!(frame.fields().is_none());
        frame.bind(|fields| fields.user_id = Some("ada".into()));
        assert_eq!(user(&frame).as_deref(), Some("ada"));
    }
}
