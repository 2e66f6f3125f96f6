//! Fields recorded through a handle of a call.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tracing::Value;

use crate::context::{SpanId, TraceId};
use crate::value::Fields;

/// The fields that handles of one call have recorded so far, shared by the call and its handles.
///
/// They are kept beside the call and not in the span tree, so they reach the record even if a filter disables the
/// span, and from any thread.
pub(super) struct RecordedFields {
    pub(super) trace_id: Option<TraceId>,
    pub(super) span_id: Option<SpanId>,
    /// `None` once the call has ended.
    fields: Mutex<Option<Fields>>,
}

impl RecordedFields {
    pub(super) fn new(trace_id: Option<TraceId>, span_id: Option<SpanId>) -> Self {
        Self {
            trace_id,
            span_id,
            fields: Mutex::new(Some(Fields::default())),
        }
    }

    /// Records a value. It replaces an earlier one with the same key; once the call has ended it is ignored.
    pub(super) fn record(&self, key: &'static str, value: &dyn Value) {
        // The value is formatted before the lock is taken, since its `Display` or `Debug` is user code.
        let mut recorded = Fields::default();
        recorded.capture(key, value);
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fields) = &mut *fields {
            fields.set_all(&recorded);
        }
    }

    /// Moves the recorded fields to `into` and ignores all later ones.
    pub(super) fn end(&self, into: &mut Fields) {
        let mut fields = self.fields.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(recorded) = fields.take() {
            into.append(&recorded);
        }
    }
}

impl fmt::Debug for RecordedFields {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("RecordedFields").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(recorded: &RecordedFields) -> Vec<(&'static str, String)> {
        let mut fields = Fields::default();
        recorded.end(&mut fields);
        let mut texts = Vec::new();
        for (name, value) in fields.iter() {
            let mut one = fields.clone();
            one.push(name, value);
            texts.push((name, one.last_as_text().unwrap().to_owned()));
        }
        texts
    }

    #[test]
    fn the_last_value_of_a_key_is_kept() {
        let recorded = RecordedFields::new(None, None);
        recorded.record("a", &1);
        recorded.record("b", &true);
        recorded.record("a", &"two");
        assert_eq!(
            end(&recorded),
            [("b", String::from("true")), ("a", String::from("two"))]
        );
    }

    #[test]
    fn values_recorded_after_the_end_are_ignored() {
        let recorded = RecordedFields::new(None, None);
        recorded.record("a", &1);
        assert_eq!(end(&recorded).len(), 1);
        recorded.record("a", &2);
        assert_eq!(end(&recorded), []);
    }
}
