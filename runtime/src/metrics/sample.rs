//! Samples of a family, for the exposition and for reading values back.

use super::cell::{Counter, Gauge, Histogram};
use super::exemplar::Exemplar;
use super::family::Values;
use super::names::Name;
use super::number::Number;

#[cfg(any(test, feature = "testing"))]
/// One value with its name and labels, as a scraper would see it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// The metric's name; for a histogram with `_bucket`, `_sum` or `_count`.
    pub(crate) name: String,
    /// Label names and values.
    pub(crate) labels: Vec<(String, String)>,
    /// The value.
    pub(crate) value: f64,
}

#[cfg(any(test, feature = "testing"))]
impl Sample {
    /// Returns `true` for the sample of that name with exactly these labels, in any order.
    #[must_use]
    pub(crate) fn is(&self, name: &str, labels: &[(&str, &str)]) -> bool {
        let mut wanted = labels.to_vec();
        let mut found: Vec<_> = self
            .labels
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        wanted.sort_unstable();
        found.sort_unstable();
        self.name == name && wanted == found
    }
}

/// A sample of the closed list, before it is written in a format.
#[derive(Debug)]
pub(super) struct SampleRow {
    pub(super) name: Name,
    /// The suffixes of a histogram's parts.
    pub(super) suffix: &'static str,
    pub(super) values: Values,
    /// The bucket's upper edge, in the form of `le`.
    pub(super) edge: Option<String>,
    pub(super) number: Number,
    /// The exemplar; only counters and buckets have one, as OpenMetrics requires.
    pub(super) exemplar: Option<(Number, Exemplar)>,
}

impl SampleRow {
    fn plain(name: Name, values: &Values, number: Number) -> Self {
        let values = Values::clone(values);
        Self {
            name,
            suffix: "",
            values,
            edge: None,
            number,
            exemplar: None,
        }
    }

    /// Label names with their values, the bucket's edge last.
    pub(super) fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.name.labels().iter().copied();
        let own = names.zip(self.values.iter().map(|value| &**value));
        own.chain(self.edge.iter().map(|edge| ("le", edge.as_str())))
    }
}

#[cfg(any(test, feature = "testing"))]
impl From<&SampleRow> for Sample {
    fn from(row: &SampleRow) -> Self {
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            name: format!("{}{}", row.name.as_str(), row.suffix),
            labels: row.labels().map(owned).collect(),
            value: row.number.to_f64(),
        }
    }
}

/// The one sample of a counter.
pub(super) fn counter(name: Name, values: &Values, counter: &Counter) -> SampleRow {
    let number = |steps: u64| Number::new(steps, name.unit().steps());
    let exemplar = counter
        .exemplar()
        .map(|(steps, exemplar)| (number(steps), exemplar));
    SampleRow {
        exemplar,
        ..SampleRow::plain(name, values, number(counter.value()))
    }
}

/// The one sample of a gauge.
pub(super) fn gauge(name: Name, values: &Values, gauge: &Gauge) -> SampleRow {
    SampleRow::plain(
        name,
        values,
        Number::new(gauge.value(), name.unit().steps()),
    )
}

/// The samples of a histogram: its buckets, cumulative, then sum and count. The count is the
/// last bucket's, so that the two agree even while calls are being counted.
pub(super) fn histogram(name: Name, values: &Values, histogram: &Histogram) -> Vec<SampleRow> {
    let number = |steps: u64| Number::new(steps, name.unit().steps());
    let mut total = 0;
    let mut rows = Vec::new();
    for (edge, bucket) in histogram.buckets() {
        total += bucket.count();
        rows.push(SampleRow {
            suffix: "_bucket",
            edge: Some(edge.map_or_else(|| "+Inf".to_owned(), |edge| number(edge).edge())),
            exemplar: bucket
                .exemplar()
                .map(|(steps, exemplar)| (number(steps), exemplar)),
            ..SampleRow::plain(name, values, Number::new(total, 1))
        });
    }
    let sum = SampleRow::plain(name, values, number(histogram.sum()));
    rows.push(SampleRow {
        suffix: "_sum",
        ..sum
    });
    rows.push(SampleRow {
        suffix: "_count",
        ..SampleRow::plain(name, values, Number::new(total, 1))
    });
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(texts: &[&str]) -> Values {
        texts.iter().map(|text| Box::from(*text)).collect()
    }

    #[test]
    fn a_counter_in_billionths_is_shown_in_dollars() {
        let cell = Counter::default();
        cell.add(12_000_000);
        let sample = Sample::from(&counter(Name::Cost, &values(&["gpt", "generation"]), &cell));
        assert!(sample.is(
            "rag_cost_usd_total",
            &[("layer", "generation"), ("model", "gpt")]
        ));
        assert!((sample.value - 0.012).abs() < 1e-12);
    }

    #[test]
    fn buckets_add_up_to_the_count() {
        let cell = Histogram::new(Name::EvaluationScore.edges());
        for score in [0, 500_000_000, 930_000_000, 1_000_000_000] {
            cell.record(score, &Exemplar::NONE);
        }
        let rows = histogram(Name::EvaluationScore, &values(&["faithfulness"]), &cell);
        let at = |edge: &str| {
            let row = rows
                .iter()
                .find(|row| row.edge.as_deref() == Some(edge))
                .unwrap();
            row.number.to_string()
        };
        assert_eq!(
            [at("0.0"), at("0.5"), at("0.95"), at("+Inf")],
            ["1", "2", "3", "4"]
        );
        assert_eq!(rows.last().unwrap().number.to_string(), "4");
    }

    #[test]
    fn a_sample_is_found_only_by_all_its_labels() {
        let cell = Gauge::default();
        let sample = Sample::from(&gauge(Name::CacheSize, &values(&["chunks"]), &cell));
        assert!(sample.is("rag_cache_size_bytes", &[("cache", "chunks")]));
        assert!(!sample.is("rag_cache_size_bytes", &[]));
        assert!(!sample.is("rag_cache_size", &[("cache", "chunks")]));
    }
}
