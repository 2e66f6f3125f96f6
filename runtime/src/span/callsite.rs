//! What is known of an annotated function before it runs: one static for each.

use std::fmt;
use std::sync::{Arc, OnceLock};

#[cfg(feature = "http")]
use tracing::callsite::Callsite;
use tracing::callsite::{DefaultCallsite, Identifier};
use tracing::field::FieldSet;
#[cfg(feature = "http")]
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};
use tracing_core::Kind;

use crate::context::Layer;
use crate::context::carrier::Origin;
use crate::metrics::CallMetrics;
use crate::pipeline::Pipeline;
use crate::record;

/// The callsite of an annotated function; expansions make one, and it is no part of the public API.
pub struct SpanCallsite {
    me: &'static Self,
    callsite: DefaultCallsite,
    meta: Metadata<'static>,
    fields: &'static [&'static str],
    /// The span's own name, the operation's unless it is set.
    name: &'static str,
    level: Level,
    pub(super) target: &'static str,
    pub(super) origin: Origin,
    /// A success that took longer is slow, in microseconds.
    pub(super) slow: Option<u64>,
    /// How much a failure matters.
    pub(super) failure_level: record::Level,
    /// The annotation has said how much a failure matters.
    pub(super) has_level: bool,
    /// The function returns a future, and a call begins with its first poll.
    pub(super) deferred: bool,
    /// A stream without an item is empty.
    pub(super) empty_stream: bool,
    /// What a call is to the tracing backends, beside its layer.
    pub(super) kind: Option<&'static str>,
    /// It tells the usage of a model.
    pub(super) records_usage: bool,
    state: OnceLock<State>,
}

/// What is looked up at a callsite's first call under the global pipeline, and kept.
#[derive(Debug)]
struct State {
    bit: u64,
    metrics: Arc<CallMetrics>,
}

impl SpanCallsite {
    /// A site that knows itself as `me`: `static CALLSITE: Site = Site::new(&CALLSITE, ..)`.
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
            meta: metadata(me, operation, module, Level::INFO, &origin, fields),
            fields,
            name: operation,
            level: Level::INFO,
            target: module,
            origin,
            slow: None,
            failure_level: record::Level::Error,
            has_level: false,
            deferred: false,
            empty_stream: false,
            kind: None,
            records_usage: false,
            state: OnceLock::new(),
        }
    }

    /// The level of the span and of its `_complete` record, INFO if it is not set.
    #[must_use]
    pub const fn level(mut self, level: Level) -> Self {
        self.level = level;
        self.described()
    }

    /// The span's name for other layers, the operation if it is not set.
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = name;
        self.described()
    }

    /// The span's target, the module if it is not set.
    #[must_use]
    pub const fn target(mut self, target: &'static str) -> Self {
        self.target = target;
        self.described()
    }

    const fn described(mut self) -> Self {
        self.meta = metadata(
            self.me,
            self.name,
            self.target,
            self.level,
            &self.origin,
            self.fields,
        );
        self
    }

    /// How long a success may take before it is slow.
    #[must_use]
    pub const fn slow_us(mut self, micros: u64) -> Self {
        self.slow = Some(micros);
        self
    }

    /// The level of a `_failed` record, ERROR if it is not set.
    #[must_use]
    pub const fn failure(mut self, level: record::Level) -> Self {
        self.failure_level = level;
        self.has_level = true;
        self
    }

    /// The function returns a future, and a call begins with its first poll.
    #[must_use]
    pub const fn deferred(mut self) -> Self {
        self.deferred = true;
        self
    }

    /// A stream that ends without an item is empty.
    #[must_use]
    pub const fn empty_stream(mut self) -> Self {
        self.empty_stream = true;
        self
    }

    /// What a call is to the tracing backends, beside its layer.
    #[must_use]
    pub const fn kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// A call tells the usage of a model, if it comes so far.
    #[must_use]
    pub const fn records_usage(mut self) -> Self {
        self.records_usage = true;
        self
    }

    /// A site like `like`, of an operation and a layer that are known only at run time. It is kept for good: who makes
    /// them bounds their number.
    #[cfg(feature = "http")]
    pub(crate) fn leaked(
        like: &'static Self,
        operation: &'static str,
        layer: Layer,
    ) -> &'static Self {
        let origin = Origin {
            operation,
            layer,
            ..like.origin
        };
        let name: &'static Named = Box::leak(Box::default());
        let describe = || {
            let fields = FieldSet::new(like.fields, Identifier(name));
            describe(operation, like.target, like.level, &origin, fields)
        };
        // The callsite has a copy of its own, since it cannot point into what does not stand yet.
        let meta: &'static Metadata<'static> = Box::leak(Box::new(describe()));
        name.meta.get_or_init(|| meta);
        let callsite = DefaultCallsite::new(meta);
        Box::leak(Box::new(Self {
            callsite,
            meta: describe(),
            name: operation,
            origin,
            state: OnceLock::new(),
            ..*like
        }))
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

impl fmt::Debug for SpanCallsite {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Site")
            .field("operation", &self.origin.operation)
            .finish_non_exhaustive()
    }
}

const fn metadata(
    me: &'static SpanCallsite,
    name: &'static str,
    target: &'static str,
    level: Level,
    origin: &Origin,
    fields: &'static [&'static str],
) -> Metadata<'static> {
    let fields = FieldSet::new(fields, Identifier(&me.callsite));
    describe(name, target, level, origin, fields)
}

const fn describe(
    name: &'static str,
    target: &'static str,
    level: Level,
    origin: &Origin,
    fields: FieldSet,
) -> Metadata<'static> {
    Metadata::new(
        name,
        target,
        level,
        Some(origin.file),
        Some(origin.line),
        Some(origin.module),
        fields,
        Kind::SPAN,
    )
}

/// What a site made at run time is known by: its interest is kept by the callsite that is registered.
#[cfg(feature = "http")]
#[derive(Default)]
struct Named {
    meta: OnceLock<&'static Metadata<'static>>,
}

#[cfg(feature = "http")]
impl Callsite for Named {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        self.meta.get().copied().unwrap_or(UNNAMED.metadata())
    }
}

/// What stands for a site before it has its name; nobody asks so early.
#[cfg(feature = "http")]
static UNNAMED: SpanCallsite = SpanCallsite::new(
    &UNNAMED,
    "unnamed",
    Layer::Api,
    module_path!(),
    file!(),
    line!(),
    &[],
);
