//! All that an expansion may name, and nothing else. No part of the public API: it changes without notice.

pub use core::option::Option::{self, None, Some};
pub use core::result::Result::{Err, Ok};
pub use core::{file, line, module_path};

#[doc(hidden)]
pub use ragspan_macros::instrument_compat;
pub use tracing::Level;
pub use tracing::field::{Empty, debug, display};

pub use crate::context::Layer;
pub use crate::record::{Level as Severity, Outcome};
pub use crate::span::{
    Always, Annotated, Arrival, Call, ContextDebug, ContextDisplay, ContextField, ContextHash,
    ContextMetric, Documents, ErrorFields, ErrorText, EventCallsite, Fallible, Field, Given,
    Making, MayBeEmpty, Metric, Opening, Probe, ScopeCallsite, Span, SpanCallsite, SpanRef,
    SpanRefs, Streamed, ToCost, ToUsage, context, context_debug, context_display, context_field,
    context_hash, context_metric, error_text, fallible, field, is_empty, metric, plain_block,
    plain_block_with, run, with,
};

/// What an `async fn` gives that never returns, since `!` cannot be named there.
#[derive(Debug)]
pub enum Never {}

/// What `err(type = |error| ..)` gives.
pub type Label = &'static str;

/// What `empty = |value| ..` gives.
pub type IsEmpty = bool;

/// A value in a box that cannot move.
pub fn pinned<T>(value: T) -> core::pin::Pin<Box<T>> {
    Box::pin(value)
}

/// A value in a box.
pub fn boxed<T>(value: T) -> Box<T> {
    Box::new(value)
}
