//! The metrics of one callsite.

use std::ops::Deref;
use std::sync::Arc;

use crate::dispatch::Handle;
use crate::metrics::CallMetrics;
use crate::span::callsite::SpanCallsite;

/// The metrics of a callsite: cached in its static for the global pipeline, looked up for each call under a scoped one.
#[derive(Debug)]
pub(super) enum Meter {
    Global(&'static CallMetrics),
    Scoped(Arc<CallMetrics>),
}

impl Deref for Meter {
    type Target = CallMetrics;

    fn deref(&self) -> &CallMetrics {
        match self {
            Self::Global(metrics) => metrics,
            Self::Scoped(metrics) => metrics,
        }
    }
}

impl Meter {
    /// Returns the layer's bit, and the metrics of the callsite.
    #[inline]
    pub(super) fn find(callsite: &'static SpanCallsite, handle: &Handle) -> (u64, Self) {
        if handle.is_global() {
            let (layer_bit, metrics) = callsite.global(handle);
            (layer_bit, Self::Global(metrics))
        } else {
            let metrics = callsite.metrics(handle);
            (callsite.info.layer.bit(), Self::Scoped(metrics))
        }
    }
}
