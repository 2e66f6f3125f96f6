//! Sums over all calls of a trace: self time by layer, tokens, cost, and counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use ragspan_core::{Cost, Layer, Usage};

use super::self_time::SelfTime;

/// The named layers, and one entry for all custom layers together.
const LAYERS: usize = Layer::ALL.len() + 1;

/// The sums of one trace in this process, shared by all of its calls.
///
/// Each sum is exact on its own. A snapshot taken while a call ends may include one of its numbers and not yet another.
#[derive(Debug, Default)]
pub(crate) struct TraceSums {
    /// Indexed by [`Layer::index`].
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

/// A snapshot of [`TraceSums`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Microseconds, indexed by [`Layer::index`].
    self_micros: [u64; LAYERS],
    pub(crate) usage: Usage,
    /// The cost of the LLM calls whose price is known.
    pub(crate) cost: Cost,
    /// The number of LLM calls whose price is not known.
    pub(crate) unpriced: u64,
    pub(crate) llm_calls: u64,
    pub(crate) retries: u64,
    pub(crate) cache_hits: u64,
    pub(crate) cache_misses: u64,
    pub(crate) spans: u64,
    /// Upper bound of the microseconds missing from the self times.
    pub(crate) lost_micros: u64,
}

impl TraceSums {
    /// Adds a span that has ended.
    pub(crate) fn span(&self, layer: Layer, self_time: SelfTime) {
        if let Some(micros) = self.self_micros.get(layer.index()) {
            add(micros, self_time.micros);
        }
        add(&self.lost_micros, self_time.lost);
        add(&self.spans, 1);
    }

    /// Adds an LLM call; `cost` is `None` if the price is not known.
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

    /// Counts a retry.
    pub(crate) fn retry(&self) {
        add(&self.retries, 1);
    }

    /// Counts a cache hit.
    pub(crate) fn cache_hit(&self) {
        add(&self.cache_hits, 1);
    }

    /// Counts a cache miss.
    pub(crate) fn cache_miss(&self) {
        add(&self.cache_misses, 1);
    }

    /// Returns whether the trace has more than one call, or anything else to sum up. Most traces of one call do not.
    pub(crate) fn has_more_than_one(&self) -> bool {
        let counts = [
            &self.llm_calls,
            &self.retries,
            &self.cache_hits,
            &self.cache_misses,
        ];
        self.spans.load(Relaxed) > 1 || counts.iter().any(|sum| sum.load(Relaxed) > 0)
    }

    /// Returns the current sums.
    pub(crate) fn snapshot(&self) -> Sums {
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
        layers
            .zip(self.self_micros)
            .filter(|(_, micros)| *micros > 0)
    }
}

/// Adds to a counter, which stays at `u64::MAX` instead of overflowing.
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

    use super::*;

    fn self_time(micros: u64) -> SelfTime {
        SelfTime { micros, lost: 0 }
    }

    #[test]
    fn the_sums_of_a_new_trace_are_zero() {
        let sums = TraceSums::default().snapshot();
        assert_eq!(sums, Sums::default());
        assert_eq!(sums.layers().count(), 0);
    }

    #[test]
    fn sums_of_many_threads_are_exact() {
        let sums = Arc::new(TraceSums::default());
        let usage = Usage::new(10, 5).with_cached_input(3).with_reasoning(1);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let sums = Arc::clone(&sums);
                scope.spawn(move || {
                    for _ in 0..1_000 {
                        sums.llm_call(&usage, Some(Cost::from_nano_dollars(7)));
                        sums.span(Layer::Generation, self_time(20));
                        sums.span(Layer::Custom("rerank"), SelfTime { micros: 2, lost: 1 });
                        sums.retry();
                        sums.cache_hit();
                        sums.cache_miss();
                    }
                });
            }
        });
        sums.llm_call(&usage, None);
        let found = sums.snapshot();
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
    fn sums_saturate() {
        let sums = TraceSums::default();
        sums.llm_call(
            &Usage::new(u64::MAX, 0),
            Some(Cost::from_nano_dollars(u64::MAX)),
        );
        sums.llm_call(
            &Usage::new(u64::MAX, 0),
            Some(Cost::from_nano_dollars(u64::MAX)),
        );
        let found = sums.snapshot();
        assert_eq!(found.usage.input, u64::MAX);
        assert_eq!(found.cost, Cost::from_nano_dollars(u64::MAX));
    }
}
