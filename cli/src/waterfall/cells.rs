//! The texts of the first columns of a line: the name and the time.

use crate::format::duration;
use crate::trace_view::{SpanView, TraceView};

use super::fold::Fold;
use super::outline::Row;

/// The mark of a span whose parent is not recorded.
const ORPHAN: &str = "⋯ ";

pub(super) fn name(span: &SpanView<'_>, row: &Row) -> String {
    let mark = if span.is_orphan { ORPHAN } else { "" };
    format!("{}{mark}{}", row.branches, span.call.operation)
}

pub(super) fn time(span: &SpanView<'_>) -> String {
    let ms = span.record.duration_ms;
    ms.map_or_else(|| "–".to_owned(), duration)
}

pub(super) fn fold_name(fold: &Fold, trace: &TraceView<'_>, row: &Row) -> String {
    format!("{}{}", row.branches, fold.name(trace))
}

pub(super) fn fold_time(fold: &Fold, trace: &TraceView<'_>) -> String {
    fold.duration(trace).map(duration).unwrap_or_default()
}
