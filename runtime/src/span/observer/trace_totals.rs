//! The totals of a trace, as fields of the record of its root call.

use ragspan_core::Cost;
use ragspan_core::record::keys;

use super::llm_usage::record_cost;
use crate::trace::Sums;
use crate::value::{Fields, Value};

/// Records the sums of a trace.
pub(super) fn record_totals(sums: &Sums, fields: &mut Fields) {
    if sums.llm_calls > 0 {
        fields.push(keys::LLM_CALLS.field, Value::U64(sums.llm_calls));
        fields.push(keys::TOTAL_TOKENS.field, Value::U64(sums.usage.total()));
        // A cost of zero is left out if calls without a known price are missing from it.
        let cost = Some(sums.cost).filter(|cost| *cost != Cost::ZERO || sums.unpriced == 0);
        record_cost(cost, fields);
    }
    for (name, count) in [
        (keys::UNPRICED_CALLS.field, sums.unpriced),
        (keys::RETRIES.field, sums.retries),
        (keys::CACHE_HITS.field, sums.cache_hits),
        (keys::CACHE_MISSES.field, sums.cache_misses),
    ] {
        if count > 0 {
            fields.push(name, Value::U64(count));
        }
    }
    if sums.spans > 1 {
        fields.push(keys::SPANS.field, Value::U64(sums.spans));
        for (layer, micros) in sums.layers() {
            fields.push(keys::SELF_MS[layer.index()].field, Value::millis(micros));
        }
    }
}
