//! The atomics behind a series: counter, gauge and histogram.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use super::exemplar::{Exemplar, ExemplarSlot};
use super::number::LARGEST;

/// A counter of the closed list, in its unit's steps.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    value: AtomicU64,
    exemplar: ExemplarSlot,
}

impl Counter {
    /// Adds a number of steps.
    #[inline]
    pub(crate) fn add(&self, steps: u64) {
        self.value.fetch_add(steps, Relaxed);
    }

    /// Adds a number of steps, with the exemplar of their span.
    #[inline]
    pub(crate) fn add_with(&self, steps: u64, exemplar: &Exemplar) {
        self.add(steps);
        self.exemplar.offer(steps, exemplar);
    }

    /// Raises the counter to at least this number of steps.
    pub(crate) fn raise_to(&self, steps: u64) {
        self.value.fetch_max(steps, Relaxed);
    }

    /// Returns the steps counted so far.
    #[must_use]
    pub(crate) fn value(&self) -> u64 {
        self.value.load(Relaxed)
    }

    pub(super) fn exemplar(&self) -> Option<(u64, Exemplar)> {
        self.exemplar.get()
    }
}

/// A gauge of the closed list, in its unit's steps.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    value: AtomicI64,
}

impl Gauge {
    /// Adds an amount, which may be negative.
    #[inline]
    pub(crate) fn add(&self, amount: i64) {
        self.value.fetch_add(amount, Relaxed);
    }

    /// Sets the value.
    pub(crate) fn set(&self, value: i64) {
        self.value.store(value, Relaxed);
    }

    /// The value now.
    #[must_use]
    pub(crate) fn value(&self) -> i64 {
        self.value.load(Relaxed)
    }
}

/// A histogram of the closed list, in its unit's steps.
#[derive(Debug)]
pub(crate) struct Histogram {
    edges: &'static [u64],
    buckets: Box<[Bucket]>,
    sum: AtomicU64,
}

/// One bucket, not cumulative, so that recording touches only one.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    count: AtomicU64,
    exemplar: ExemplarSlot,
}

impl Bucket {
    pub(super) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    pub(super) fn exemplar(&self) -> Option<(u64, Exemplar)> {
        self.exemplar.get()
    }
}

impl Histogram {
    pub(super) fn new(edges: &'static [u64]) -> Self {
        let buckets = (0..=edges.len()).map(|_| Bucket::default()).collect();
        Self {
            edges,
            buckets,
            sum: AtomicU64::new(0),
        }
    }

    /// Creates a histogram without buckets, which counts nothing.
    pub(super) fn detached() -> Self {
        Self {
            edges: &[],
            buckets: Box::default(),
            sum: AtomicU64::new(0),
        }
    }

    /// Observes a value in steps, with the exemplar of its span.
    #[inline]
    pub(crate) fn record(&self, steps: u64, exemplar: &Exemplar) {
        let steps = steps.min(LARGEST);
        let at = self.edges.partition_point(|edge| *edge < steps);
        let Some(bucket) = self.buckets.get(at) else {
            return;
        };
        bucket.count.fetch_add(1, Relaxed);
        self.sum.fetch_add(steps, Relaxed);
        bucket.exemplar.offer(steps, exemplar);
    }

    /// Returns the number of values. The buckets are the only count, so that a reader never sees a different total.
    #[cfg(test)]
    fn count(&self) -> u64 {
        self.buckets.iter().map(Bucket::count).sum()
    }

    /// The sum of the values, in steps.
    #[must_use]
    pub(crate) fn sum(&self) -> u64 {
        self.sum.load(Relaxed)
    }

    /// Each bucket with its upper edge; the last has none.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (Option<u64>, &Bucket)> {
        let edges = self.edges.iter().copied().map(Some).chain([None]);
        edges.zip(self.buckets.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(histogram: &Histogram) -> Vec<u64> {
        histogram
            .buckets()
            .map(|(_, bucket)| bucket.count())
            .collect()
    }

    #[test]
    fn a_value_on_an_edge_belongs_below_it() {
        let histogram = Histogram::new(&[10, 20]);
        for value in [0, 10, 11, 20, 21, 9_999] {
            histogram.record(value, &Exemplar::NONE);
        }
        assert_eq!(counts(&histogram), [2, 2, 2]);
        assert_eq!((histogram.count(), histogram.sum()), (6, 10_061));
    }

    #[test]
    fn an_absurd_value_cannot_wrap_the_sum() {
        let histogram = Histogram::new(&[10]);
        histogram.record(u64::MAX, &Exemplar::NONE);
        histogram.record(u64::MAX, &Exemplar::NONE);
        assert_eq!(histogram.sum(), 2 * LARGEST);
    }

    #[test]
    fn an_exemplar_is_stored_in_the_bucket_of_its_value() {
        let histogram = Histogram::new(&[10, 20]);
        let exemplar = Exemplar {
            trace_id: [7; 16],
            span_id: [8; 16],
            unix_ms: 1,
        };
        histogram.record(15, &exemplar);
        let exemplars: Vec<_> = histogram
            .buckets()
            .map(|(_, bucket)| bucket.exemplar())
            .collect();
        assert_eq!(exemplars, [None, Some((15, exemplar)), None]);
    }

    #[test]
    fn a_counter_is_raised_but_never_lowered() {
        let counter = Counter::default();
        counter.add(5);
        counter.raise_to(3);
        assert_eq!(counter.value(), 5);
        counter.raise_to(9);
        assert_eq!(counter.value(), 9);
    }

    #[test]
    fn a_gauge_goes_both_ways() {
        let gauge = Gauge::default();
        gauge.add(2);
        gauge.add(-3);
        assert_eq!(gauge.value(), -1);
        gauge.set(40);
        assert_eq!(gauge.value(), 40);
    }
}
