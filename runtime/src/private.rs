//! The items that macro expansions name. Not part of the public API: it changes without notice.

pub use core::option::Option::{self, None, Some};
pub use core::result::Result::{Err, Ok};
pub use core::{file, line, module_path, option_env};

#[doc(hidden)]
pub use ragspan_macros::instrument_compat;
pub use tracing::Level;
pub use tracing::field::{Empty, debug, display};

pub use crate::context::Layer;
pub use crate::record::{Level as Severity, Outcome};
pub use crate::recordable::{ErrorText, Field, Metric, ToCost, ToUsage, error_text, field, metric};
pub use crate::scope::callsite::ScopeCallsite;
pub use crate::scope::field_value::{
    ContextDebug, ContextDisplay, ContextField, ContextHash, ContextMetric, OptionalField,
    RequiredField, context, context_debug, context_display, context_field, context_hash,
    context_metric, with,
};
pub use crate::span::{
    Call, CallBuilder, CallFuture, CallStream, CallThen, Documents, ErrorFields, EventCallsite,
    Fallible, MayBeEmpty, Probe, Span, SpanCallsite, SpanRef, SpanRefs, fallible, is_empty,
    plain_block, plain_block_with, run,
};

/// The output of an `async fn` that never returns, since `!` cannot be named there.
#[derive(Debug)]
pub enum Never {}

/// The type of the closure's value in `err(type = |error| ..)`.
pub type Label = &'static str;

/// The type of the closure's value in `empty = |value| ..`.
pub type IsEmpty = bool;

/// Pins a value in a box.
pub fn pinned<T>(value: T) -> core::pin::Pin<Box<T>> {
    Box::pin(value)
}

/// Moves a value into a box.
pub fn boxed<T>(value: T) -> Box<T> {
    Box::new(value)
}
