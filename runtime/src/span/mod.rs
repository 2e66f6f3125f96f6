//! An annotated call: its tracing span, its node in the span tree, how it ended, and what it left behind.

mod bind;
mod call;
mod callsite;
mod context_impls;
mod context_value;
mod document;
mod event;
mod future;
#[cfg(feature = "http")]
mod held;
#[cfg(feature = "http")]
mod http;
mod logger;
mod manual;
mod opening;
mod panics;
mod pending;
#[expect(
    unnameable_types,
    reason = "expansions call methods of the rungs and never name one"
)]
mod probe;
mod record;
mod scope;
mod stream;
mod told;
mod value;
mod watch;
mod words;

pub use bind::{bind, unbind};
pub use call::{Call, run};
pub use callsite::SpanCallsite;
pub use context_value::{
    Always, ContextDebug, ContextDisplay, ContextField, ContextHash, ContextMetric, Given, context,
    context_debug, context_display, context_field, context_hash, context_metric, with,
};
pub use document::{Document, Documents};
pub use event::EventCallsite;
pub use future::{Annotated, Making};
#[cfg(feature = "http")]
pub(crate) use held::Held;
pub use logger::Logger;
pub use manual::{Span, plain_block, plain_block_with};
pub use opening::{Opening, SpanRef, SpanRefs};
pub(crate) use panics::install as install_panic_hook;
pub use probe::{ErrorFields, ErrorType, Fallible, MayBeEmpty, Probe, fallible, is_empty};
pub use record::record;
#[cfg(feature = "http")]
pub(crate) use scope::OFF;
pub(crate) use scope::scope_is_enabled;
pub use scope::{Arrival, EnteredScope, LogContext, ScopeCallsite};
pub use stream::Streamed;
pub use value::{ErrorText, Field, Metric, ToCost, ToUsage, error_text, field, metric};
