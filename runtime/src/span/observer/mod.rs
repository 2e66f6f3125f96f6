//! The observer of a running call: fills its record, updates its metrics, and reports to its trace.

mod attach;
mod call_observer;
mod error_origin;
mod failure;
mod finish;
mod labels;
mod llm_usage;
mod meter;
mod stream_stats;
mod trace_totals;

pub(super) use call_observer::CallObserver;
pub(super) use stream_stats::StreamStats;
