//! What a trace adds up while its spans end: self time by layer, tokens, cost, and how often things happened.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Layer;
use ragspan_core::{Cost, Usage};

/// The named layers, and one for all custom layers.
const LAYERS: usize = Layer::ALL.len() + 1;

/// The sums of one trace in this process, shared by all of its nodes.
///
/// Each sum is exact on its own; those who read while spans end may see one of a call and not yet another.
#[derive(Debug, Default)]
pub(crate) struct TraceSums {
    self_micros: [AtomicU64; LAYERS],
    /// In the order of [`Usage::kinds`].
    tokens: [AtomicU64; 5],
    cost_nanos: AtomicU64,
    unpriced: AtomicU64,
    llm_calls: AtomicU64,
    retries: AtomicU64,
    cache_hits: AtomicU64,
    cache_misses: AtomicU64,
    spans: AtomicU64,
    lost_micros: AtomicU64,
}

/// [`TraceSums`] at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Microseconds by layer, in the order of [`Sums::layers`].
    self_micros: [u64; LAYERS],
    pub(crate) usage: Usage,
    /// Of the calls whose price is known.
    pub(crate) cost: Cost,
    /// Calls of models whose price is not known.
    pub(crate) unpriced: u64,
    pub(crate) llm_calls: u64,
    pub(crate) retries: u64,
    pub(crate) cache_hits: u64,
    pub(crate) cache_misses: u64,
    pub(crate) spans: u64,
    /// Microseconds that the self times miss at most.
    pub(crate) lost_micros: u64,
}

impl TraceSums {
    /// A span of this layer has ended, after so much time of its own.
    pub(crate) fn span(&self, layer: Layer, own: super::self_time::SelfTime) {
        if let Some(micros) = self.self_micros.get(layer.index()) {
            add(micros, own.micros);
        }
        add(&self.lost_micros, own.lost);
        add(&self.spans, 1);
    }

    /// A model was called; None where its price is not known.
    pub(crate) fn llm_call(&self, usage: &Usage, cost: Option<Cost>) {
        for (sum, (_, tokens)) in self.tokens.iter().zip(usage.kinds()) {
            add(sum, tokens);
        }
        match cost {
            Some(cost) => add(&self.cost_nanos, cost.nano_dollars()),
            None => add(&self.unpriced, 1),
        }
        add(&self.llm_calls, 1);
    }

    /// Something was tried again.
    pub(crate) fn retry(&self) {
        add(&self.retries, 1);
    }

    /// A cache had the answer.
    pub(crate) fn cache_hit(&self) {
        add(&self.cache_hits, 1);
    }

    /// A cache had no answer.
    pub(crate) fn cache_miss(&self) {
        add(&self.cache_misses, 1);
    }

    /// Whether there is more to tell than a single call without a model: most traces of one call have nothing to add up.
    pub(crate) fn has_more_than_one(&self) -> bool {
        let told = [
            &self.llm_calls,
            &self.retries,
            &self.cache_hits,
            &self.cache_misses,
        ];
        self.spans.load(Relaxed) > 1 || told.iter().any(|sum| sum.load(Relaxed) > 0)
    }

    /// All sums as they are now.
    pub(crate) fn now(&self) -> Sums {
        let value = |sum: &AtomicU64| sum.load(Relaxed);
        let [input, cached, written, output, reasoning] = self.tokens.each_ref().map(value);
        Sums {
            self_micros: self.self_micros.each_ref().map(value),
            usage: Usage::new(input, output)
                .with_cached_input(cached)
                .with_cache_write(written)
                .with_reasoning(reasoning),
            cost: Cost::from_nano_dollars(value(&self.cost_nanos)),
            unpriced: value(&self.unpriced),
            llm_calls: value(&self.llm_calls),
            retries: value(&self.retries),
            cache_hits: value(&self.cache_hits),
            cache_misses: value(&self.cache_misses),
            spans: value(&self.spans),
            lost_micros: value(&self.lost_micros),
        }
    }
}

impl Sums {
    /// Returns the layers with a self time, and its microseconds. All custom layers are one, with an empty name.
    pub(crate) fn layers(&self) -> impl Iterator<Item = (Layer, u64)> {
        let layers = Layer::ALL.into_iter().chain([Layer::Custom("")]);
        let all = layers.zip(self.self_micros);
        all.filter(|(_, micros)| *micros > 0)
    }
}

/// What does not fit stays at the largest number.
fn add(sum: &AtomicU64, amount: u64) {
    if amount == 0 {
        return;
    }
    let before = sum.fetch_add(amount, Relaxed);
    if before.checked_add(amount).is_none() {
        sum.store(u64::MAX, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::self_time::SelfTime;
    use super::*;

    fn own(micros: u64) -> SelfTime {
        SelfTime { micros, lost: 0 }
    }

    #[test]
    fn a_new_trace_has_no_sums() {
        let sums = TraceSums::default().now();
        assert_eq!(sums, Sums::default());
        assert_eq!(sums.layers().count(), 0);
    }

    #[test]
    fn sums_are_exact_from_many_threads() {
        let sums = Arc::new(TraceSums::default());
        let usage = Usage::new(10, 5).with_cached_input(3).with_reasoning(1);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let sums = Arc::clone(&sums);
                scope.spawn(move || {
                    for _ in 0..1_000 {
                        sums.llm_call(&usage, Some(Cost::from_nano_dollars(7)));
                        sums.span(Layer::Generation, own(20));
                        sums.span(Layer::Custom("rerank"), SelfTime { micros: 2, lost: 1 });
                        sums.retry();
                        sums.cache_hit();
                        sums.cache_miss();
                    }
                });
            }
        });
        sums.llm_call(&usage, None);
        let found = sums.now();
        let layers: Vec<_> = found.layers().collect();
        assert_eq!(
            layers,
            [(Layer::Generation, 160_000), (Layer::Custom(""), 16_000)]
        );
        assert_eq!(found.usage.total(), 8_001 * usage.total());
        assert_eq!(found.cost, Cost::from_nano_dollars(56_000));
        assert_eq!((found.llm_calls, found.unpriced), (8_001, 1));
        assert_eq!((found.spans, found.lost_micros), (16_000, 8_000));
        assert_eq!(
            (found.retries, found.cache_hits, found.cache_misses),
            (8_000, 8_000, 8_000)
        );
    }

    #[test]
    fn absurd_numbers_stop_at_the_largest() {
        let sums = TraceSums::default();
        sums.llm_call(
            &Usage::new(u64::MAX, 0),
            Some(Cost::from_nano_dollars(u64::MAX)),
        );
        sums.llm_call(
            &Usage::new(u64::MAX, 0),
            Some(Cost::from_nano_dollars(u64::MAX)),
        );
        let found = sums.now();
        assert_eq!(found.usage.input, u64::MAX);
        assert_eq!(found.cost, Cost::from_nano_dollars(u64::MAX));
    }
}
