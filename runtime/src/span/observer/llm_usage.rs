//! The usage of an LLM by one call: model, tokens and cost.

use ragspan_core::record::keys;
use ragspan_core::{Cost, Usage};

use super::labels::{exemplar, layer_name};
use crate::dispatch::Handle;
use crate::record::{Record, TOTAL_BUDGET};
use crate::trace::TraceSums;
use crate::value::{Fields, Text, Value};

/// The label of a model whose name was not recorded.
const UNNAMED_MODEL: &str = "unknown";

/// The model, tokens and cost recorded so far.
#[derive(Debug, Default)]
pub(in crate::span) struct LlmUsage {
    pub(super) model: Option<Text>,
    usage: Option<Usage>,
    /// Takes precedence over the cost computed from the table of prices.
    pub(in crate::span) cost: Option<Cost>,
}

impl LlmUsage {
    /// Merges usage that arrives in parts, as in the chunks of a stream. Later parts take precedence.
    pub(in crate::span) fn add_usage(&mut self, usage: Usage) {
        self.usage = Some(self.usage.map_or(usage, |before| before.merge(usage)));
    }

    /// Adds the tokens and their cost to the record, the metrics, and the sums of the trace.
    pub(super) fn finish(&self, record: &mut Record, handle: &Handle, sums: &TraceSums) {
        if self.usage.is_none() && self.cost.is_none() {
            return;
        }
        let exemplar = exemplar(record);
        let layer = layer_name(record);
        let model = self
            .model
            .map_or(UNNAMED_MODEL, |model| record.fields.text.get(model));
        let usage = self.usage.unwrap_or_default();
        let cost = self.cost.or_else(|| handle.prices().cost(model, &usage));
        let registry = handle.registry();
        registry.llm_call(model, layer, (&usage, cost), &exemplar);
        if let Some(ratio) = fill_ratio(&record.fields, &usage) {
            registry.context_fill(model, ratio, &exemplar);
        }
        sums.llm_call(&usage, cost);
        if self.usage.is_some() {
            record_usage(&usage, &mut record.fields);
        }
        record_cost(cost, &mut record.fields);
    }
}

/// Returns the fraction of the token budget that the prompt used, if a budget was set.
fn fill_ratio(fields: &Fields, usage: &Usage) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "no prompt has so many tokens")]
    let prompt = usage.prompt() as f64;
    let total = fields.number(TOTAL_BUDGET).filter(|total| *total > 0.0)?;
    Some(prompt / total)
}

fn record_usage(usage: &Usage, fields: &mut Fields) {
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

/// Records a cost. An unknown cost is left out, never estimated.
pub(super) fn record_cost(cost: Option<Cost>, fields: &mut Fields) {
    if let Some(cost) = cost {
        fields.push(keys::COST_USD.field, Value::F64(cost.dollars()));
    }
}
