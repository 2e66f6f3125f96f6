//! What is known of an annotated function before it runs: one static for each.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tracing::callsite::{DefaultCallsite, Identifier};
use tracing::field::FieldSet;
use tracing::{Level, Metadata};
use tracing_core::Kind;

use crate::context::Layer;
use crate::context::carrier::Origin;
use crate::metrics::CallMetrics;
use crate::pipeline::Pipeline;

/// The callsite of an annotated function; expansions make one, and it is no part of the public API.
pub struct Site {
    me: &'static Self,
    callsite: DefaultCallsite,
    meta: Metadata<'static>,
    fields: &'static [&'static str],
    pub(super) origin: Origin,
    /// A success that took longer is slow, in microseconds.
    pub(super) slow: Option<u64>,
    state: OnceLock<State>,
}

/// What is looked up at a callsite's first call under the global pipeline, and kept.
#[derive(Debug)]
struct State {
    bit: u64,
    metrics: Arc<CallMetrics>,
}

impl Site {
    /// A site that knows itself as `me`: `static SITE: Site = Site::new(&SITE, ..)`.
    #[must_use]
    pub const fn new(
        me: &'static Self,
        operation: &'static str,
        layer: Layer,
        module: &'static str,
        file: &'static str,
        line: u32,
        fields: &'static [&'static str],
    ) -> Self {
        let origin = Origin {
            operation,
            layer,
            module,
            file,
            line,
        };
        Self {
            me,
            callsite: DefaultCallsite::new(&me.meta),
            meta: metadata(me, &origin, fields, Level::INFO),
            fields,
            origin,
            slow: None,
            state: OnceLock::new(),
        }
    }

    /// The level of the span and of its `_complete` record, INFO if it is not set.
    #[must_use]
    pub const fn level(mut self, level: Level) -> Self {
        self.meta = metadata(self.me, &self.origin, self.fields, level);
        self
    }

    /// How long a success may take before it is slow.
    #[must_use]
    pub const fn slow_us(mut self, micros: u64) -> Self {
        self.slow = Some(micros);
        self
    }

    pub(super) fn metadata(&'static self) -> &'static Metadata<'static> {
        &self.meta
    }

    /// Whether the subscriber of this thread wants the span.
    pub(super) fn is_enabled(&'static self) -> bool {
        let interest = self.callsite.interest();
        interest.is_always()
            || !interest.is_never() && tracing::dispatcher::get_default(|to| to.enabled(&self.meta))
    }

    /// The layer's bit, and the metrics of this function under the global pipeline.
    pub(super) fn global(&'static self, pipeline: &Pipeline) -> (u64, &'static CallMetrics) {
        let state = self.state.get_or_init(|| State {
            bit: self.origin.layer.bit(),
            metrics: self.metrics(pipeline),
        });
        (state.bit, &state.metrics)
    }

    pub(super) fn metrics(&self, pipeline: &Pipeline) -> Arc<CallMetrics> {
        pipeline
            .registry()
            .call(self.origin.operation, self.origin.layer.name())
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Site")
            .field("operation", &self.origin.operation)
            .finish_non_exhaustive()
    }
}

const fn metadata(
    me: &'static Site,
    origin: &Origin,
    fields: &'static [&'static str],
    level: Level,
) -> Metadata<'static> {
    Metadata::new(
        origin.operation,
        origin.module,
        level,
        Some(origin.file),
        Some(origin.line),
        Some(origin.module),
        FieldSet::new(fields, Identifier(&me.callsite)),
        Kind::SPAN,
    )
}
