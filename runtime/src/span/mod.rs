//! Annotated calls: each has a span, a record and metrics, and ends with an outcome.
//!
//! From the bottom up: callsites and plain data (`document`, `options`, `recorded_fields`, `panic_report`),
//! `observer` (the record and the metrics of a call), `call` (its life cycle), `body` and `handle` (the ways in which
//! a body runs), `outcome` (how a call ended, from the value that it returned).

mod body;
mod call;
mod callsite;
mod document;
mod event_callsite;
mod handle;
mod observer;
mod options;
mod outcome;
mod panic_report;
mod record;
mod recorded_fields;
mod span_ref;

#[cfg(feature = "http")]
pub(crate) use body::WithCall;
pub use body::{CallFuture, CallStream, CallThen, plain_block, plain_block_with, run};
pub use call::{Call, CallBuilder};
pub use callsite::SpanCallsite;
pub use document::{Document, Documents};
pub use event_callsite::EventCallsite;
pub use handle::Span;
pub use outcome::{ErrorFields, ErrorType, Fallible, MayBeEmpty, Probe, fallible, is_empty};
pub(crate) use panic_report::install_panic_hook;
pub use record::record;
pub use span_ref::{SpanRef, SpanRefs};
