//! Records values of an annotation as fields of the callsite.

use tracing::{Span, Value};

use crate::dispatch;
use crate::span::callsite::SpanCallsite;
use crate::span::observer::CallObserver;

/// The maximum number of fields passed to other layers. The attribute rejects more.
const MAX_FIELDS: usize = 32;

/// Records the values as the callsite's fields, starting with the field at index `first`, in the call's record and in
/// other layers.
#[inline]
pub(super) fn record_fields(
    callsite: &'static SpanCallsite,
    span: &Span,
    observer: Option<&mut CallObserver>,
    first: usize,
    values: &[&dyn Value],
) {
    if let Some(observer) = observer {
        observer.capture(callsite, first, values);
        if observer.is_sole_listener() {
            return;
        }
    }
    record_in_other_layers(callsite, span, first, values);
}

fn record_in_other_layers(
    callsite: &'static SpanCallsite,
    span: &Span,
    first: usize,
    values: &[&dyn Value],
) {
    let fields = callsite.metadata().fields();
    let mut all: [Option<&dyn Value>; MAX_FIELDS] = [None; MAX_FIELDS];
    for (slot, value) in all.iter_mut().skip(first).zip(values) {
        *slot = Some(*value);
    }
    if let Some(all) = all.get(..fields.len()) {
        dispatch::suppressed(|| span.record_all(&fields.value_set_all(all)));
    }
}
