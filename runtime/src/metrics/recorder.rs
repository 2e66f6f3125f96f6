//! The recorder behind the `metrics` facade: records the closed list in atomics, and forwards all other metrics to
//! the exporter.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use metrics::{Key, KeyName, Label, Metadata, SharedString};

use super::cell::{Counter, Gauge, Histogram};
use super::exemplar::Exemplar;
use super::names::{self, MetricKind, Name};
use super::number::{LARGEST, steps};
use super::registry::Registry;

/// Records the metrics of the `metrics` macros in a [`Registry`].
///
/// The labels of a metric of the closed list are matched by name: missing ones are empty, unknown ones are dropped. Its
/// histograms have no exemplars when recorded this way. A name of the list that is used as another kind, or that
/// collides with the exposition of the list (`rag_requests`, `rag_token_usage_sum`), is refused: its handle does
/// nothing, and [`Registry::refused`] lists it.
#[derive(Debug, Clone)]
pub(crate) struct Recorder {
    registry: Arc<Registry>,
    is_global: bool,
}

/// Whether the global recorder is ours.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// The registry of a forked process that has started anew: a global recorder cannot be replaced.
static REPLACEMENT: RwLock<Option<Arc<Registry>>> = RwLock::new(None);

/// Whether [`REPLACEMENT`] is set, so that other processes take no lock.
static IS_REPLACED: AtomicBool = AtomicBool::new(false);

/// The owner of a metric.
enum MetricOwner {
    Own(Name),
    Foreign,
    Refused,
}

impl Recorder {
    /// A recorder for this registry.
    #[must_use]
    pub(crate) const fn new(registry: Arc<Registry>) -> Self {
        Self {
            registry,
            is_global: false,
        }
    }

    /// Installs this as the global recorder if there is none yet, or ours; returns `true` if it was installed.
    #[must_use]
    pub(crate) fn install(mut self) -> bool {
        if IS_OURS.load(Ordering::Relaxed) {
            let mut replacement = REPLACEMENT.write().unwrap_or_else(PoisonError::into_inner);
            *replacement = Some(self.registry);
            IS_REPLACED.store(true, Ordering::Relaxed);
            return true;
        }
        self.is_global = true;
        let is_installed = metrics::set_global_recorder(self).is_ok();
        IS_OURS.store(is_installed, Ordering::Relaxed);
        is_installed
    }

    fn registry(&self) -> Cow<'_, Arc<Registry>> {
        if self.is_global && IS_REPLACED.load(Ordering::Relaxed) {
            let replacement = REPLACEMENT.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(registry) = &*replacement {
                return Cow::Owned(Arc::clone(registry));
            }
        }
        Cow::Borrowed(&self.registry)
    }

    fn owner(&self, name: &str, kind: MetricKind) -> MetricOwner {
        let shown = sanitised(name);
        match Name::find(&shown) {
            Some(own) if own.kind() == kind => MetricOwner::Own(own),
            None if !shown.is_empty() && !names::is_reserved(&shown) => MetricOwner::Foreign,
            _ => {
                self.registry().refuse(name);
                MetricOwner::Refused
            }
        }
    }

    fn is_foreign(&self, name: &KeyName, kind: MetricKind) -> bool {
        matches!(self.owner(name.as_str(), kind), MetricOwner::Foreign)
    }
}

/// Returns the name as the exporter would render it.
fn sanitised(name: &str) -> Cow<'_, str> {
    let fits = |(at, c): (usize, char)| {
        c.is_ascii_alphabetic() || matches!(c, '_' | ':') || (at > 0 && c.is_ascii_digit())
    };
    if name.chars().enumerate().all(fits) {
        return Cow::Borrowed(name);
    }
    name.chars()
        .enumerate()
        .map(|(at, c)| if fits((at, c)) { c } else { '_' })
        .collect()
}

/// The key's label values in the order of the list; of two with the same name the last counts.
fn values(name: Name, key: &Key) -> Vec<&str> {
    let value = |wanted: &&str| key.labels().rev().find(|label| label.key() == *wanted);
    name.labels()
        .iter()
        .map(|wanted| value(wanted).map_or("", Label::value))
        .collect()
}

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        if self.is_foreign(&key, MetricKind::Counter) {
            self.registry().foreign().describe_counter(key, unit, text);
        }
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        if self.is_foreign(&key, MetricKind::Gauge) {
            self.registry().foreign().describe_gauge(key, unit, text);
        }
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<metrics::Unit>, text: SharedString) {
        if self.is_foreign(&key, MetricKind::Histogram) {
            self.registry()
                .foreign()
                .describe_histogram(key, unit, text);
        }
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Counter {
        match self.owner(key.name(), MetricKind::Counter) {
            MetricOwner::Own(name) => {
                let cell = self.registry().counter(name, &values(name, key));
                metrics::Counter::from_arc(Arc::new(InUnits { name, cell }))
            }
            MetricOwner::Foreign => self.registry().foreign().register_counter(key, metadata),
            MetricOwner::Refused => metrics::Counter::noop(),
        }
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Gauge {
        match self.owner(key.name(), MetricKind::Gauge) {
            MetricOwner::Own(name) => {
                let cell = self.registry().gauge(name, &values(name, key));
                metrics::Gauge::from_arc(Arc::new(InUnits { name, cell }))
            }
            MetricOwner::Foreign => self.registry().foreign().register_gauge(key, metadata),
            MetricOwner::Refused => metrics::Gauge::noop(),
        }
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> metrics::Histogram {
        match self.owner(key.name(), MetricKind::Histogram) {
            MetricOwner::Own(name) => {
                let cell = self.registry().histogram(name, &values(name, key));
                metrics::Histogram::from_arc(Arc::new(InUnits { name, cell }))
            }
            MetricOwner::Foreign => self.registry().foreign().register_histogram(key, metadata),
            MetricOwner::Refused => metrics::Histogram::noop(),
        }
    }
}

/// A series that receives values in its unit from the facade, and stores them in steps.
struct InUnits<C> {
    name: Name,
    cell: Arc<C>,
}

impl<C> InUnits<C> {
    fn steps(&self) -> u64 {
        self.name.unit().steps()
    }
}

impl metrics::CounterFn for InUnits<Counter> {
    fn increment(&self, value: u64) {
        self.cell.add(value.saturating_mul(self.steps()));
    }

    fn absolute(&self, value: u64) {
        self.cell.raise_to(value.saturating_mul(self.steps()));
    }
}

impl InUnits<Gauge> {
    /// Rounds to whole steps.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the steps of a unit are far below 2^53"
    )]
    fn whole(&self, value: f64) -> i64 {
        whole(value * self.steps() as f64)
    }
}

impl metrics::GaugeFn for InUnits<Gauge> {
    fn increment(&self, value: f64) {
        self.cell.add(self.whole(value));
    }

    fn decrement(&self, value: f64) {
        self.cell.add(self.whole(-value));
    }

    fn set(&self, value: f64) {
        if !value.is_nan() {
            self.cell.set(self.whole(value));
        }
    }
}

impl metrics::HistogramFn for InUnits<Histogram> {
    fn record(&self, value: f64) {
        if let Some(steps) = steps(value, self.steps()) {
            self.cell.record(steps, &Exemplar::NONE);
        }
    }
}

/// Rounds a gauge's value and limits it to a range that can be added without wrapping; NaN becomes 0.
#[expect(
    clippy::cast_possible_truncation,
    reason = "`as` saturates, and NaN becomes zero"
)]
fn whole(value: f64) -> i64 {
    const MOST: i64 = LARGEST.cast_signed();
    (value.round() as i64).clamp(-MOST, MOST)
}

#[cfg(test)]
mod tests {
    use super::super::format::ExpositionFormat;
    use super::*;
    use metrics::{counter, describe_counter, gauge, histogram, with_local_recorder};

    fn recorded(record: impl FnOnce()) -> Arc<Registry> {
        let registry = Registry::new();
        with_local_recorder(&Recorder::new(Arc::clone(&registry)), record);
        registry
    }

    #[test]
    fn the_closed_list_is_reached_by_the_macros() {
        let registry = recorded(|| {
            counter!("rag_cache_hits_total", "cache" => "chunks").increment(3);
            counter!("rag_cost_usd_total", "model" => "m").increment(2);
            gauge!("rag_active_connections", "pool" => "pg").set(4.0);
            gauge!("rag_active_connections", "pool" => "pg").decrement(1.0);
            histogram!("rag_token_usage", "kind" => "input", "model" => "m").record(100.0);
        });
        let value = |name, labels: &[(&str, &str)]| registry.value(name, labels);
        assert_eq!(
            value("rag_cache_hits_total", &[("cache", "chunks")]),
            Some(3.0)
        );
        assert_eq!(
            value("rag_cost_usd_total", &[("model", "m"), ("layer", "")]),
            Some(2.0)
        );
        assert_eq!(
            value("rag_active_connections", &[("pool", "pg")]),
            Some(3.0)
        );
        let tokens = [("model", "m"), ("kind", "input")];
        assert_eq!(value("rag_token_usage_sum", &tokens), Some(100.0));
        assert!(!registry.foreign_text().contains("rag_"));
    }

    #[test]
    fn handles_of_the_facade_and_of_the_registry_share_series() {
        let registry = recorded(|| counter!("rag_claims_total").increment(1));
        registry.counter(Name::Claims, &[]).add(1);
        assert_eq!(registry.value("rag_claims_total", &[]), Some(2.0));
    }

    #[test]
    fn unknown_labels_are_dropped_and_missing_ones_empty() {
        let registry = recorded(|| {
            counter!("rag_errors_total", "layer" => "api", "user" => "u1").increment(1);
        });
        let labels = [("error_type", ""), ("layer", "api")];
        assert_eq!(registry.value("rag_errors_total", &labels), Some(1.0));
    }

    #[test]
    fn of_two_labels_with_one_name_the_last_counts() {
        let registry = recorded(|| {
            counter!("rag_cache_hits_total", "cache" => "a", "cache" => "b").increment(1);
        });
        assert_eq!(
            registry.value("rag_cache_hits_total", &[("cache", "b")]),
            Some(1.0)
        );
    }

    #[test]
    fn other_metrics_are_forwarded_and_shown_in_the_exposition() {
        let registry = recorded(|| {
            describe_counter!("jobs_total", "Jobs.");
            counter!("jobs_total", "kind" => "a").increment(1);
            gauge!("temperature").set(-1.5);
            histogram!("wait").record(2.0);
        });
        registry.counter(Name::Claims, &[]).add(1);
        assert_eq!(registry.value("jobs_total", &[("kind", "a")]), Some(1.0));
        assert_eq!(registry.value("temperature", &[]), Some(-1.5));
        assert_eq!(registry.value("wait_count", &[]), Some(1.0));
        let text = registry.render_prometheus();
        assert!(
            text.contains(
                "rag_claims_total 1\n# HELP jobs_total Jobs.\n# TYPE jobs_total counter\n"
            )
        );
        assert!(
            registry
                .render_openmetrics()
                .contains("# TYPE jobs counter\njobs_total{")
        );
    }

    #[test]
    fn a_listed_name_used_as_another_kind_is_refused() {
        let registry = recorded(|| {
            gauge!("rag_requests_total").set(5.0);
            counter!("rag_request_latency_ms_count").increment(5);
            histogram!("rag_requests").record(5.0);
            gauge!("rag.active queries").set(1.0);
            counter!("").increment(1);
        });
        let shown = registry.render(ExpositionFormat::Prometheus);
        assert!(
            shown.ends_with("# TYPE rag_active_queries gauge\nrag_active_queries{layer=\"\"} 1\n")
        );
        assert_eq!(shown.lines().count(), 3);
        let refused = [
            "",
            "rag_request_latency_ms_count",
            "rag_requests",
            "rag_requests_total",
        ];
        assert_eq!(registry.refused(), refused);
    }

    #[test]
    fn floats_that_are_no_measurement_are_not_recorded() {
        let registry = recorded(|| {
            histogram!("rag_evaluation_score", "metric" => "f").record(f64::NAN);
            gauge!("rag_cache_size_bytes").set(7.0);
            gauge!("rag_cache_size_bytes").set(f64::NAN);
            gauge!("rag_cache_size_bytes").increment(f64::NAN);
        });
        let count = registry.value("rag_evaluation_score_count", &[("metric", "f")]);
        assert_eq!(count, Some(0.0));
        assert_eq!(
            registry.value("rag_cache_size_bytes", &[("cache", "")]),
            Some(7.0)
        );
    }

    #[test]
    fn upkeep_preserves_recorded_values() {
        let registry = recorded(|| histogram!("wait").record(2.0));
        registry.upkeep();
        assert_eq!(registry.value("wait_sum", &[]), Some(2.0));
    }
}
