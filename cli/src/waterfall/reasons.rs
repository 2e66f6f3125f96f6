//! The sentences that explain a failure: its origin, its causes, and an empty result before it.

use crate::call::CallError;
use crate::stack_trace::StackTrace;
use crate::style::Tone;
use crate::text::safe;
use crate::trace_view::{SpanView, TraceView};

/// The maximum number of causes of an error that are listed.
const MAX_CAUSES: usize = 3;

/// Returns the sentences about the failure of a trace; none if no span failed.
pub(crate) fn reasons(trace: &TraceView<'_>) -> Vec<(Tone, String)> {
    let Some(failed) = trace.failure() else {
        return Vec::new();
    };
    let origin = (Tone::Bad, origin(failed, trace.root()));
    let causes = causes(failed).map(|cause| (Tone::Plain, cause));
    let empty = trace.empty_before_failure().map(|empty| {
        let text = format!("earlier, {} returned an empty result", empty.call.operation);
        (Tone::Odd, text)
    });
    [origin].into_iter().chain(causes).chain(empty).collect()
}

/// Returns where the failure began, and whether the request went on.
fn origin(failed: &SpanView<'_>, root: Option<&SpanView<'_>>) -> String {
    let location = source_location(failed)
        .map(|location| format!(" ({location})"))
        .unwrap_or_default();
    let error = failed.call.error.as_ref();
    let error = error.map(|error| format!(": {}", error_text(error)));
    let went_on = root
        .filter(|root| !root.call.outcome.is_failure())
        .map(|root| format!("; {} went on", root.call.operation));
    format!(
        "failed in {}{location}{}{}",
        failed.call.operation,
        error.unwrap_or_default(),
        went_on.unwrap_or_default()
    )
}

/// Returns the sources of the error, outermost first.
fn causes(failed: &SpanView<'_>) -> impl Iterator<Item = String> {
    let chain = failed.call.error.iter().flat_map(|error| &error.chain);
    chain
        .take(MAX_CAUSES)
        .map(|cause| format!("caused by: {cause}"))
}

/// Returns the type and the message of an error.
pub(super) fn error_text(error: &CallError) -> String {
    if error.message.is_empty() {
        error.error_type.clone()
    } else {
        format!("{}: {}", error.error_type, error.message)
    }
}

/// Returns the file and line that the stack trace gives for the operation.
fn source_location(failed: &SpanView<'_>) -> Option<String> {
    let trace = StackTrace::parse(failed.record.stack_trace.as_deref()?);
    let mut calls = trace.calls.iter();
    let line = calls.rfind(|line| line.contains(&failed.call.operation))?;
    let is_separator = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',');
    line.split(is_separator)
        .find(|part| part.contains(".rs:"))
        .map(safe)
}
