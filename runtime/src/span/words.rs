//! What a call tells of a model: its name, its tokens, and what they cost; and the sums of a whole request.

use super::watch::{exemplar, layer_name};
use crate::context::sums::{Sums, TraceSums};
use crate::dispatch::Handle;
use crate::record::{Record, TOTAL_BUDGET};
use crate::value::{Fields, Text, Value};
use ragspan_core::record::keys;
use ragspan_core::{Cost, Usage};

/// The label of a model that nobody named.
const UNNAMED: &str = "unknown";

/// What was told of a model so far.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) model: Option<Text>,
    usage: Option<Usage>,
    pub(super) cost: Option<Cost>,
}

impl Words {
    /// Usage that comes in parts, as in the chunks of a stream: the later part says more.
    pub(super) fn add_usage(&mut self, usage: Usage) {
        self.usage = Some(self.usage.map_or(usage, |before| before.merge(usage)));
    }

    /// Writes the tokens and their cost into the record, the metrics, and the sums of the trace.
    pub(super) fn spend(&self, record: &mut Record, handle: &Handle, sums: &TraceSums) {
        if self.usage.is_none() && self.cost.is_none() {
            return;
        }
        let exemplar = exemplar(record);
        let layer = layer_name(record);
        let model = self
            .model
            .map_or(UNNAMED, |model| record.fields.text.get(model));
        let usage = self.usage.unwrap_or_default();
        let cost = self.cost.or_else(|| handle.prices().cost(model, &usage));
        let registry = handle.registry();
        registry.llm_call(model, layer, (&usage, cost), &exemplar);
        if let Some(ratio) = fill_ratio(&record.fields, &usage) {
            registry.context_fill(model, ratio, &exemplar);
        }
        sums.llm_call(&usage, cost);
        if self.usage.is_some() {
            tell_usage(&usage, &mut record.fields);
        }
        tell_cost(cost, &mut record.fields);
    }
}

/// How much of the budget the prompt took, where a budget was set.
fn fill_ratio(fields: &Fields, usage: &Usage) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "no prompt has so many tokens")]
    let prompt = usage.prompt() as f64;
    let total = fields.number(TOTAL_BUDGET).filter(|total| *total > 0.0)?;
    Some(prompt / total)
}

fn tell_usage(usage: &Usage, fields: &mut Fields) {
    fields.push(keys::INPUT_TOKENS.field, Value::U64(usage.input));
    fields.push(keys::OUTPUT_TOKENS.field, Value::U64(usage.output));
    for (name, tokens) in [
        (keys::CACHED_INPUT_TOKENS.field, usage.cached_input),
        (keys::CACHE_WRITE_TOKENS.field, usage.cache_write),
        (keys::REASONING_TOKENS.field, usage.reasoning),
    ] {
        if tokens > 0 {
            fields.push(name, Value::U64(tokens));
        }
    }
    fields.push(keys::TOTAL_TOKENS.field, Value::U64(usage.total()));
}

/// What is not known is not written, and never guessed.
fn tell_cost(cost: Option<Cost>, fields: &mut Fields) {
    if let Some(cost) = cost {
        fields.push(keys::COST_USD.field, Value::F64(cost.dollars()));
    }
}

/// The request's line: what happened in it, and where its time went.
pub(super) fn tell_sums(sums: &Sums, fields: &mut Fields) {
    if sums.llm_calls > 0 {
        fields.push(keys::LLM_CALLS.field, Value::U64(sums.llm_calls));
        fields.push(keys::TOTAL_TOKENS.field, Value::U64(sums.usage.total()));
        // A sum that leaves calls out would be too small, so it says how many.
        tell_cost(
            Some(sums.cost).filter(|cost| *cost != Cost::ZERO || sums.unpriced == 0),
            fields,
        );
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
