//! Finds the span in which an error first occurred.

use std::hash::{DefaultHasher, Hash, Hasher};

use tracing::Span;

use crate::context::CallPath;
use crate::record::Record;
use crate::span::callsite::SpanCallsite;
use crate::trace::{self, ErrorOrigin};

/// Sets the failure's `origin_span_id` if the error was passed on by a child, and reports the origin to the enclosing
/// call.
///
/// A child's error is recognised by the hashes of its texts. A failure by a status code has no text of its own, so
/// the last error inside is taken as its origin.
#[cold]
pub(super) fn resolve_error_origin(
    record: &mut Record,
    callsite: &'static SpanCallsite,
    span: &Span,
    failed_by_status: bool,
) {
    let Some(failure) = &mut record.failure else {
        return;
    };
    let text = &record.fields.text;
    let reported = trace::error_origins(span);
    let texts = failure.chain.iter().rev().chain([&failure.message]);
    let hashes: Vec<u64> = texts.map(|piece| hash(text.get(*piece))).collect();
    let same = reported.iter().find(|error| hashes.contains(&error.hash));
    let last = reported.last().filter(|_| failed_by_status);
    let passed_on = same.or(last);
    failure.origin_span_id = passed_on.map(|error| error.span_id);
    let mut path = trace::path(span, reported.last());
    if path.len() == 0 {
        path = CallPath::new(std::iter::once(&callsite.info));
    }
    if let (Some(hash), Some(span_id)) = (hashes.first().copied(), record.span_id) {
        let (hash, span_id) =
            passed_on.map_or((hash, span_id), |error| (error.hash, error.span_id));
        trace::report_error_origin(
            span,
            ErrorOrigin {
                hash,
                span_id,
                length: path.len(),
                outermost: path.outermost().cloned(),
            },
        );
    }
    failure.path = path;
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
