//! The registry: every series of the closed list, and the recorder of all other metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use super::call::CallMetrics;
use super::cell::{Counter, Gauge, Histogram};
use super::exemplar::Exemplar;
use super::exposition;
use super::family::Family;
#[cfg(any(test, feature = "testing"))]
use super::foreign;
use super::format::ExpositionFormat;
use super::names::{MetricKind, Name};
#[cfg(any(test, feature = "testing"))]
use super::sample::Sample;
use super::sample::{self, SampleRow};
use crate::record::Service;

/// The most refused names that are remembered, so that generated names cannot fill the memory.
const MAX_REFUSED: usize = 64;

/// The series of the delivery stats at one moment, so that they add up however long the rest takes to render.
#[derive(Debug, Default)]
pub(crate) struct Accounting(BTreeMap<Name, Vec<SampleRow>>);

/// All metrics of one `Telemetry`.
///
/// Handles are `Arc`s: cache them, because each request for a handle looks the series up.
#[derive(Debug)]
pub(crate) struct Registry {
    families: Vec<AnyFamily>,
    /// The service of [`Name::ServiceInfo`], whose labels are known only when it is rendered.
    service: OnceLock<Arc<Service>>,
    foreign: PrometheusRecorder,
    /// Whether a metric was recorded or described there.
    has_foreign: AtomicBool,
    refused: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
enum AnyFamily {
    Counter(Family<Counter>),
    Gauge(Family<Gauge>),
    Histogram(Family<Histogram>),
}

impl AnyFamily {
    fn new(name: Name) -> Self {
        let width = name.labels().len();
        match name.kind() {
            MetricKind::Counter => Self::Counter(Family::new(width)),
            MetricKind::Gauge => Self::Gauge(Family::new(width)),
            MetricKind::Histogram => Self::Histogram(Family::new(width)),
        }
    }

    fn rows(&self, name: Name) -> Vec<SampleRow> {
        match self {
            Self::Counter(family) => family
                .all()
                .iter()
                .map(|(key, cell)| sample::counter(name, key, cell))
                .collect(),
            Self::Gauge(family) => family
                .all()
                .iter()
                .map(|(key, cell)| sample::gauge(name, key, cell))
                .collect(),
            Self::Histogram(family) => family
                .all()
                .iter()
                .flat_map(|(key, cell)| sample::histogram(name, key, cell))
                .collect(),
        }
    }
}

impl Registry {
    /// Creates a registry without series.
    #[must_use]
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            families: Name::ALL.iter().map(|name| AnyFamily::new(*name)).collect(),
            service: OnceLock::new(),
            foreign: PrometheusBuilder::new().build_recorder(),
            has_foreign: AtomicBool::new(false),
            refused: Mutex::default(),
        })
    }

    /// Creates a registry that counts nothing: its handles are detached, so that calls need no extra check.
    #[must_use]
    pub(crate) fn off() -> Arc<Self> {
        Arc::new(Self {
            families: Vec::new(),
            service: OnceLock::new(),
            foreign: PrometheusBuilder::new().build_recorder(),
            has_foreign: AtomicBool::new(false),
            refused: Mutex::default(),
        })
    }

    /// `true` if metrics are enabled.
    pub(crate) fn is_on(&self) -> bool {
        !self.families.is_empty()
    }

    /// Returns the handles of an operation in a layer, for its callsite to cache.
    #[must_use]
    pub(crate) fn call(&self, operation: &str, layer: &str) -> Arc<CallMetrics> {
        Arc::new(CallMetrics::new(self, operation, layer))
    }

    /// Counts an error at its origin.
    pub(crate) fn error(&self, error_type: &str, layer: &str, exemplar: &Exemplar) {
        if self.is_on() {
            self.counter(Name::Errors, &[error_type, layer])
                .add_with(1, exemplar);
        }
    }

    /// Returns the counter with these label values, in the order of [`Name::labels`]; missing values are empty,
    /// surplus ones are dropped. The handle is detached, and never shown, for a name that is not a counter and
    /// while metrics are disabled.
    #[must_use]
    pub(crate) fn counter(&self, name: Name, values: &[&str]) -> Arc<Counter> {
        match self.family(name) {
            Some(AnyFamily::Counter(family)) => family.series(values, Counter::default),
            _ => Arc::default(),
        }
    }

    /// Returns the gauge with these label values; the rules of [`Registry::counter`] apply.
    #[must_use]
    pub(crate) fn gauge(&self, name: Name, values: &[&str]) -> Arc<Gauge> {
        match self.family(name) {
            Some(AnyFamily::Gauge(family)) => family.series(values, Gauge::default),
            _ => Arc::default(),
        }
    }

    /// Returns the histogram with these label values; the rules of [`Registry::counter`] apply.
    #[must_use]
    pub(crate) fn histogram(&self, name: Name, values: &[&str]) -> Arc<Histogram> {
        let make = || Histogram::new(name.edges());
        match self.family(name) {
            Some(AnyFamily::Histogram(family)) => family.series(values, make),
            _ => Arc::new(Histogram::detached()),
        }
    }

    fn family(&self, name: Name) -> Option<&AnyFamily> {
        self.families.get(name as usize)
    }

    #[cfg(any(test, feature = "testing"))]
    /// Renders all metrics as Prometheus text 0.0.4.
    #[must_use]
    pub(crate) fn render_prometheus(&self) -> String {
        self.render(ExpositionFormat::Prometheus)
    }

    #[cfg(test)]
    /// Renders all metrics as OpenMetrics 1.0.0, with exemplars.
    #[must_use]
    pub(crate) fn render_openmetrics(&self) -> String {
        self.render(ExpositionFormat::OpenMetrics)
    }

    #[cfg(any(test, feature = "testing"))]
    /// Renders all metrics in the format that [`negotiate`](super::negotiate) chose.
    #[must_use]
    pub(crate) fn render(&self, format: ExpositionFormat) -> String {
        self.render_with(self.accounting(), format)
    }

    /// Returns the current series of the delivery stats.
    pub(crate) fn accounting(&self) -> Accounting {
        let rows = |name: Name| (name, self.rows(name));
        Accounting(Name::ACCOUNTING.map(rows).into())
    }

    /// Renders all metrics, with the series of the delivery stats as they were.
    pub(crate) fn render_with(
        &self,
        mut accounting: Accounting,
        format: ExpositionFormat,
    ) -> String {
        let rows = |name| match accounting.0.remove(&name) {
            Some(rows) => rows,
            None => self.rows(name),
        };
        exposition::render(rows, || self.foreign_text(), format)
    }

    #[cfg(any(test, feature = "testing"))]
    /// Returns every sample: first those of the closed list, in its order.
    #[must_use]
    pub(crate) fn snapshot(&self) -> Vec<Sample> {
        let own = Name::ALL.iter().flat_map(|name| self.rows(*name));
        let mut samples: Vec<_> = own.map(|row| Sample::from(&row)).collect();
        samples.extend(foreign::samples(&self.foreign_text()));
        samples
    }

    #[cfg(any(test, feature = "testing"))]
    /// Returns the value of the sample with exactly these labels, in any order; a histogram is read by
    /// `<name>_sum`, `<name>_count`, or `<name>_bucket` with `le`.
    #[must_use]
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut samples = self.snapshot().into_iter();
        samples
            .find(|sample| sample.is(name, labels))
            .map(|sample| sample.value)
    }

    /// Returns whether [`upkeep`](Self::upkeep) has anything to do.
    pub(crate) fn needs_upkeep(&self) -> bool {
        self.has_foreign.load(Ordering::Relaxed)
    }

    /// Moves the values of foreign histograms into their summaries. Call it every few seconds: between two calls
    /// each recorded value uses memory. It takes the longer the more histograms there are.
    pub(crate) fn upkeep(&self) {
        self.foreign.handle().run_upkeep();
    }

    /// Returns the names that the [`Recorder`](super::Recorder) refused (the first 64), because they would collide
    /// with the closed list or with the format.
    #[must_use]
    pub(crate) fn refused(&self) -> Vec<String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.iter().cloned().collect()
    }

    pub(super) fn refuse(&self, name: &str) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.len() < MAX_REFUSED && !refused.contains(name) {
            refused.insert(name.to_owned());
        }
    }

    /// Sets the service that [`Name::ServiceInfo`] shows.
    pub(crate) fn set_service(&self, service: Arc<Service>) {
        // A registry belongs to one pipeline, and so to one service.
        self.service.get_or_init(|| service);
    }

    /// Returns the row of the service, whose version is known once an annotated function ran.
    fn service_rows(&self) -> Vec<SampleRow> {
        let Some(service) = self.service.get().filter(|_| self.is_on()) else {
            return Vec::new();
        };
        let family = Family::<Gauge>::new(Name::ServiceInfo.labels().len());
        let values = [&*service.name, service.version(), &*service.environment];
        family.series(&values, Gauge::default).set(1);
        AnyFamily::Gauge(family).rows(Name::ServiceInfo)
    }

    pub(super) fn rows(&self, name: Name) -> Vec<SampleRow> {
        if name == Name::ServiceInfo {
            return self.service_rows();
        }
        self.family(name)
            .map(|family| family.rows(name))
            .unwrap_or_default()
    }

    /// Returns the recorder of foreign metrics, for the caller to record one.
    pub(super) fn foreign(&self) -> &PrometheusRecorder {
        self.has_foreign.store(true, Ordering::Relaxed);
        &self.foreign
    }

    pub(super) fn foreign_text(&self) -> String {
        self.foreign.handle().render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Outcome;

    #[test]
    fn a_handle_reads_back_and_shares_its_series() {
        let registry = Registry::new();
        let delivered = registry.counter(Name::RecordsDelivered, &["sqlite"]);
        delivered.add(3);
        registry.counter(Name::RecordsDelivered, &["sqlite"]).add(4);
        assert_eq!(delivered.value(), 7);
        let labels = [("sink", "sqlite")];
        assert_eq!(
            registry.value("ragspan_records_delivered_total", &labels),
            Some(7.0)
        );
        assert_eq!(registry.value("ragspan_records_delivered_total", &[]), None);
    }

    #[test]
    fn a_handle_of_the_wrong_kind_is_detached() {
        let registry = Registry::new();
        registry.counter(Name::ActiveQueries, &["api"]).add(1);
        registry.gauge(Name::Requests, &["api", "success"]).add(1);
        registry
            .histogram(Name::Requests, &["api"])
            .record(1, &Exemplar::NONE);
        assert_eq!(registry.snapshot(), []);
    }

    #[test]
    fn a_registry_that_is_off_takes_everything_and_shows_nothing() {
        let registry = Registry::off();
        let call = registry.call("f", "api");
        call.started();
        call.latency(1_500, &Exemplar::NONE);
        call.request(Outcome::Success, &Exemplar::NONE);
        call.stopped();
        registry.error("Timeout", "api", &Exemplar::NONE);
        registry.gauge(Name::RecordsPending, &["file"]).set(1);
        assert_eq!(registry.snapshot(), []);
        assert_eq!(registry.render_prometheus(), "");
        assert_eq!(registry.render_openmetrics(), "# EOF\n");
        assert!(!registry.is_on() && Registry::new().is_on());
    }

    #[test]
    fn errors_are_counted_by_type_and_layer() {
        let registry = Registry::new();
        registry.error("Timeout", "retrieval", &Exemplar::NONE);
        registry.error("Timeout", "retrieval", &Exemplar::NONE);
        let labels = [("error_type", "Timeout"), ("layer", "retrieval")];
        assert_eq!(registry.value("rag_errors_total", &labels), Some(2.0));
    }

    #[test]
    fn totals_are_exact_under_eight_threads() {
        const CALLS: u64 = 5_000;
        let registry = Registry::new();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let registry = &registry;
                scope.spawn(move || many_calls(registry, thread, CALLS));
            }
        });
        let layer = [("layer", "api")];
        let latency = [("operation", "f"), ("layer", "api")];
        let requests = [("layer", "api"), ("status", "success")];
        let total = f64::from(8 * 5_000);
        assert_eq!(registry.value("rag_active_queries", &layer), Some(0.0));
        assert_eq!(registry.value("rag_requests_total", &requests), Some(total));
        assert_eq!(
            registry.value("rag_request_latency_ms_count", &latency),
            Some(total)
        );
        assert_eq!(
            registry.value("rag_request_latency_ms_sum", &latency),
            Some(total * 1.5)
        );
        let errors: f64 = registry
            .snapshot()
            .iter()
            .filter(|s| s.name == "rag_errors_total")
            .map(|s| s.value)
            .sum();
        assert_eq!(errors, total);
    }

    /// Each thread caches one handle for the calls, and looks the series of its errors up.
    fn many_calls(registry: &Registry, thread: u64, calls: u64) {
        let call = registry.call("f", "api");
        for at in 0..calls {
            let exemplar = Exemplar {
                trace_id: [1; 16],
                span_id: [2; 16],
                unix_ms: at * 500,
            };
            call.started();
            call.request(Outcome::Success, &exemplar);
            call.latency(1_500, &exemplar);
            registry.error(&format!("E{}", (at + thread) % 7), "api", &exemplar);
            call.stopped();
        }
    }
}
