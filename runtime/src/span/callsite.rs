//! The callsite of an annotated function: its static data, and its metrics once it was called.

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

use crate::context::{CallsiteInfo, Layer};
use crate::dispatch::probe;
use crate::metrics::CallMetrics;
use crate::pipeline::Pipeline;
use crate::record::{self, Package};
use crate::trace::thread;

/// The callsite of an annotated function. Expansions create one as a static; not part of the public API.
pub struct SpanCallsite {
    me: &'static Self,
    callsite: DefaultCallsite,
    meta: Metadata<'static>,
    fields: &'static [&'static str],
    /// The name of the span, by default the operation.
    name: &'static str,
    level: Level,
    pub(super) target: &'static str,
    pub(super) info: CallsiteInfo,
    /// A success that took longer than this is slow, in microseconds.
    pub(super) slow_us: Option<u64>,
    /// The level of a failure.
    pub(super) failure_level: record::Level,
    /// The annotation sets `failure_level`, which then takes precedence over the error's own level.
    pub(super) has_level: bool,
    /// The function returns a future, and a call starts with the first poll.
    pub(super) is_deferred: bool,
    /// The outcome of a stream without items is `Empty`.
    pub(super) counts_items: bool,
    /// The kind of the span for tracing backends, besides its layer.
    pub(super) kind: Option<&'static str>,
    /// A call records the token usage of an LLM.
    pub(super) records_usage: bool,
    /// The package that has the function.
    package: Package,
    state: OnceLock<CallsiteState>,
}

/// Data that the first call under the global pipeline looks up and later calls reuse.
#[derive(Debug)]
struct CallsiteState {
    layer_bit: u64,
    metrics: Arc<CallMetrics>,
}

impl SpanCallsite {
    /// Creates the callsite; `me` is a reference to the static that holds it:
    /// `static CALLSITE: SpanCallsite = SpanCallsite::new(&CALLSITE, ..)`.
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
        let info = CallsiteInfo {
            operation,
            layer,
            module,
            file,
            line,
        };
        Self {
            me,
            callsite: DefaultCallsite::new(&me.meta),
            meta: metadata(me, operation, module, Level::INFO, &info, fields),
            fields,
            name: operation,
            level: Level::INFO,
            target: module,
            info,
            slow_us: None,
            failure_level: record::Level::Error,
            has_level: false,
            is_deferred: false,
            counts_items: false,
            kind: None,
            records_usage: false,
            package: Package::UNKNOWN,
            state: OnceLock::new(),
        }
    }

    /// Sets the level of the span and of its `_complete` record. The default is INFO.
    #[must_use]
    pub const fn level(mut self, level: Level) -> Self {
        self.level = level;
        self.with_metadata()
    }

    /// Sets the name of the span. The default is the operation.
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = name;
        self.with_metadata()
    }

    /// Sets the target of the span. The default is the module.
    #[must_use]
    pub const fn target(mut self, target: &'static str) -> Self {
        self.target = target;
        self.with_metadata()
    }

    const fn with_metadata(mut self) -> Self {
        self.meta = metadata(
            self.me,
            self.name,
            self.target,
            self.level,
            &self.info,
            self.fields,
        );
        self
    }

    /// Sets the duration beyond which a success is slow, in microseconds.
    #[must_use]
    pub const fn slow_us(mut self, micros: u64) -> Self {
        self.slow_us = Some(micros);
        self
    }

    /// Sets the level of a `_failed` record. The default is ERROR.
    #[must_use]
    pub const fn failure(mut self, level: record::Level) -> Self {
        self.failure_level = level;
        self.has_level = true;
        self
    }

    /// Starts calls with the first poll of the future that the function returns.
    #[must_use]
    pub const fn deferred(mut self) -> Self {
        self.is_deferred = true;
        self
    }

    /// Makes `Empty` the outcome of a stream that ends without items.
    #[must_use]
    pub const fn empty_stream(mut self) -> Self {
        self.counts_items = true;
        self
    }

    /// Sets the kind of the span for tracing backends, besides its layer.
    #[must_use]
    pub const fn kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Declares that a call that completes records the token usage of an LLM.
    #[must_use]
    pub const fn records_usage(mut self) -> Self {
        self.records_usage = true;
        self
    }

    /// Sets the package that has the function, by the variables that Cargo sets when it compiles: the version, and the
    /// name of the binary. Other build tools may set neither.
    #[must_use]
    pub const fn package(
        mut self,
        version: Option<&'static str>,
        binary: Option<&'static str>,
    ) -> Self {
        self.package = Package::new(version, binary);
        self
    }

    /// Creates a copy of `like` with an operation and a layer known only at run time. It is leaked: callers must
    /// bound the number of callsites that they create.
    #[cfg(feature = "http")]
    pub(crate) fn leaked(
        like: &'static Self,
        operation: &'static str,
        layer: Layer,
    ) -> &'static Self {
        let info = CallsiteInfo {
            operation,
            layer,
            ..like.info
        };
        let key: &'static DynamicKey = Box::leak(Box::default());
        let describe = || {
            let fields = FieldSet::new(like.fields, Identifier(key));
            describe(operation, like.target, like.level, &info, fields)
        };
        // The `DefaultCallsite` gets its own copy of the metadata, since it cannot refer to the struct under
        // construction.
        let meta: &'static Metadata<'static> = Box::leak(Box::new(describe()));
        key.meta.get_or_init(|| meta);
        let callsite = DefaultCallsite::new(meta);
        Box::leak(Box::new(Self {
            callsite,
            meta: describe(),
            name: operation,
            info,
            state: OnceLock::new(),
            ..*like
        }))
    }

    pub(super) fn metadata(&'static self) -> &'static Metadata<'static> {
        &self.meta
    }

    /// Returns whether the subscriber of this thread would enable the span.
    pub(super) fn is_wanted(&'static self) -> bool {
        let interest = self.callsite.interest();
        interest.is_always()
            || !interest.is_never()
                && !thread::is_ending()
                && tracing::dispatcher::get_default(|to| probe(to, &self.meta))
    }

    /// Returns whether the subscriber of this thread enables the span. If so, the span must be created next: it takes
    /// the answers of the per-layer filters.
    pub(super) fn is_enabled(&'static self) -> bool {
        let interest = self.callsite.interest();
        interest.is_always()
            || !interest.is_never() && tracing::dispatcher::get_default(|to| to.enabled(&self.meta))
    }

    /// Returns the layer's bit, and the metrics of this function under the global pipeline.
    pub(super) fn global(&'static self, pipeline: &Pipeline) -> (u64, &'static CallMetrics) {
        let state = self.state.get_or_init(|| {
            record::observe_package(self.package, self.info.file);
            CallsiteState {
                layer_bit: self.info.layer.bit(),
                metrics: self.metrics(pipeline),
            }
        });
        (state.layer_bit, &state.metrics)
    }

    /// Looks up the metrics of this function.
    pub(super) fn metrics(&self, pipeline: &Pipeline) -> Arc<CallMetrics> {
        pipeline
            .registry()
            .call(self.info.operation, self.info.layer.name())
    }
}

impl fmt::Debug for SpanCallsite {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SpanCallsite")
            .field("operation", &self.info.operation)
            .finish_non_exhaustive()
    }
}

const fn metadata(
    me: &'static SpanCallsite,
    name: &'static str,
    target: &'static str,
    level: Level,
    info: &CallsiteInfo,
    fields: &'static [&'static str],
) -> Metadata<'static> {
    let fields = FieldSet::new(fields, Identifier(&me.callsite));
    describe(name, target, level, info, fields)
}

const fn describe(
    name: &'static str,
    target: &'static str,
    level: Level,
    info: &CallsiteInfo,
    fields: FieldSet,
) -> Metadata<'static> {
    Metadata::new(
        name,
        target,
        level,
        Some(info.file),
        Some(info.line),
        Some(info.module),
        fields,
        Kind::SPAN,
    )
}

/// The key that identifies a callsite created at run time. Its interest is cached by the registered `DefaultCallsite`.
#[cfg(feature = "http")]
#[derive(Default)]
struct DynamicKey {
    meta: OnceLock<&'static Metadata<'static>>,
}

#[cfg(feature = "http")]
impl Callsite for DynamicKey {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        self.meta.get().copied().unwrap_or(UNNAMED.metadata())
    }
}

/// Metadata for a key before its own is set, which is never requested.
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
