//! The totals of a trace, as fields of the record of its root call.

use ragspan_core::Cost;

use super::llm_usage::record_cost;
use crate::trace::Sums;
use crate::value::{Fields, Value};

/// Records the sums of a trace.
pub(super) fn record_totals(sums: &Sums, fields: &mut Fields) {
    if sums.llm_calls > 0 {
        fields.push("metrics.llm_calls", Value::U64(sums.llm_calls));
        fields.push("metrics.total_tokens", Value::U64(sums.usage.total()));
        // A cost of zero is left out if calls without a known price are missing from it.
        let cost = Some(sums.cost).filter(|cost| *cost != Cost::ZERO || sums.unpriced == 0);
        record_cost(cost, fields);
    }
    for (name, count) in [
        ("metrics.unpriced_calls", sums.unpriced),
        ("metrics.retries", sums.retries),
        ("metrics.cache_hits", sums.cache_hits),
        ("metrics.cache_misses", sums.cache_misses),
    ] {
        if count > 0 {
            fields.push(name, Value::U64(count));
        }
    }
    if sums.spans > 1 {
        fields.push("metrics.spans", Value::U64(sums.spans));
        for (layer, micros) in sums.layers() {
            fields.push(self_time_field(layer), Value::millis(micros));
        }
    }
}

fn self_time_field(layer: &str) -> &'static str {
    match layer {
        "api" => "metrics.self_ms.api",
        "ingestion" => "metrics.self_ms.ingestion",
        "data" => "metrics.self_ms.data",
        "retrieval" => "metrics.self_ms.retrieval",
        "generation" => "metrics.self_ms.generation",
        "evaluation" => "metrics.self_ms.evaluation",
        "memory" => "metrics.self_ms.memory",
        _ => "metrics.self_ms.custom",
    }
}
