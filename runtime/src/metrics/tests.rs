//! Compares the exposition with a plain model: a parser reads back the recorded values.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Exemplar, ExpositionFormat, Name, Registry};
use crate::record::Outcome;

/// One step of a program.
#[derive(Debug, Clone)]
enum Step {
    Request { layer: String, status: Outcome },
    Error { kind: String, layer: String },
    Latency { operation: String, micros: u64 },
    Active { layer: String, amount: i64 },
    Cost { model: String, nanos: u64 },
    Score { metric: String, billionths: u64 },
}

/// A few values, so that series repeat, with values that need escaping.
fn label() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]", "[\"\\\\\n{},=# é]{0,3}"]
}

fn step() -> impl Strategy<Value = Step> {
    let status = (0..Outcome::ALL.len()).prop_map(|at| Outcome::ALL[at]);
    prop_oneof![
        (label(), status).prop_map(|(layer, status)| Step::Request { layer, status }),
        (label(), label()).prop_map(|(kind, layer)| Step::Error { kind, layer }),
        (label(), 0..90_000_000_u64)
            .prop_map(|(operation, micros)| Step::Latency { operation, micros }),
        (label(), -9..9_i64).prop_map(|(layer, amount)| Step::Active { layer, amount }),
        (label(), 0..3_000_000_000_u64).prop_map(|(model, nanos)| Step::Cost { model, nanos }),
        (label(), 0..=1_000_000_000_u64)
            .prop_map(|(metric, billionths)| Step::Score { metric, billionths }),
    ]
}

fn apply(registry: &Registry, step: &Step, exemplar: &Exemplar) {
    match step {
        Step::Request { layer, status } => registry
            .counter(Name::Requests, &[layer, status.status()])
            .add_with(1, exemplar),
        Step::Error { kind, layer } => registry.error(kind, layer, exemplar),
        Step::Latency { operation, micros } => {
            registry
                .histogram(Name::RequestLatency, &[operation, "api"])
                .record(*micros, exemplar);
        }
        Step::Active { layer, amount } => {
            registry.gauge(Name::ActiveQueries, &[layer]).add(*amount);
        }
        Step::Cost { model, nanos } => {
            registry
                .counter(Name::Cost, &[model, "generation"])
                .add_with(*nanos, exemplar);
        }
        Step::Score { metric, billionths } => {
            registry
                .histogram(Name::EvaluationScore, &[metric])
                .record(*billionths, exemplar);
        }
    }
}

/// Sample name and sorted labels.
type Series = (String, Vec<(String, String)>);

/// The expected exposition, computed the simplest way.
#[derive(Debug, Default)]
struct Model {
    samples: BTreeMap<Series, f64>,
}

impl Model {
    fn add(&mut self, name: &str, labels: &[(&str, &str)], amount: f64) {
        let mut labels: Vec<_> = labels
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        labels.sort();
        *self.samples.entry((name.to_owned(), labels)).or_default() += amount;
    }

    fn observe(&mut self, name: Name, labels: &[(&str, &str)], value: f64) {
        let text = name.as_str();
        self.add(&format!("{text}_sum"), labels, value);
        self.add(&format!("{text}_count"), labels, 1.0);
        for edge in name.edges() {
            let edge = *edge as f64 / name.unit().steps() as f64;
            let hit = if value <= edge { 1.0 } else { 0.0 };
            let le = format!("{edge:?}");
            self.add(
                &format!("{text}_bucket"),
                &[labels, &[("le", &le)]].concat(),
                hit,
            );
        }
        self.add(
            &format!("{text}_bucket"),
            &[labels, &[("le", "+Inf")]].concat(),
            1.0,
        );
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Request { layer, status } => self.add(
                "rag_requests_total",
                &[("layer", layer), ("status", status.status())],
                1.0,
            ),
            Step::Error { kind, layer } => {
                self.add(
                    "rag_errors_total",
                    &[("error_type", kind), ("layer", layer)],
                    1.0,
                );
            }
            Step::Latency { operation, micros } => self.observe(
                Name::RequestLatency,
                &[("operation", operation), ("layer", "api")],
                *micros as f64 / 1e3,
            ),
            Step::Active { layer, amount } => {
                self.add("rag_active_queries", &[("layer", layer)], *amount as f64);
            }
            Step::Cost { model, nanos } => self.add(
                "rag_cost_usd_total",
                &[("model", model), ("layer", "generation")],
                *nanos as f64 / 1e9,
            ),
            Step::Score { metric, billionths } => self.observe(
                Name::EvaluationScore,
                &[("metric", metric)],
                *billionths as f64 / 1e9,
            ),
        }
    }
}

/// Reads an exposition character by character, independently of the code under test. Panics on
/// anything that the grammar does not allow.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn until(&mut self, end: impl Fn(char) -> bool) -> &'a str {
        let at = self.rest.find(end).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(at);
        self.rest = rest;
        taken
    }

    fn skip(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn quoted(&mut self) -> String {
        assert!(self.skip('"'));
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        loop {
            let (at, c) = chars.next().unwrap();
            match c {
                '"' => {
                    self.rest = self.rest.split_at(at + 1).1;
                    return text;
                }
                '\n' => panic!("a raw line feed in a label"),
                '\\' => match chars.next().unwrap().1 {
                    'n' => text.push('\n'),
                    c @ ('\\' | '"') => text.push(c),
                    c => panic!("unknown escape {c}"),
                },
                c => text.push(c),
            }
        }
    }

    fn labels(&mut self) -> Vec<(String, String)> {
        let mut labels = Vec::new();
        if self.skip('{') {
            while !self.skip('}') {
                let name = self.until(|c| c == '=').to_owned();
                assert!(self.skip('='));
                labels.push((name, self.quoted()));
                assert!(self.skip(',') || self.rest.starts_with('}'));
            }
        }
        labels.sort();
        labels
    }

    /// Parses ` # {..} value timestamp`, which only OpenMetrics has.
    fn exemplar(&mut self) {
        if self.skip(' ') {
            assert!(self.skip('#') && self.skip(' '));
            let labels = self.labels();
            let length: usize = labels
                .iter()
                .map(|(n, v)| n.chars().count() + v.chars().count())
                .sum();
            assert!(length <= 128 && !labels.is_empty());
            assert!(self.skip(' '));
            let _value: f64 = self.until(|c| c == ' ').parse().unwrap();
            assert!(self.skip(' '));
            let _time: f64 = self.until(|c| c == '\n').parse().unwrap();
        }
    }

    fn sample(&mut self) -> (Series, f64) {
        let name = self.until(|c| c == '{' || c == ' ').to_owned();
        let labels = self.labels();
        assert!(self.skip(' '));
        let value = self.until(|c| c == ' ' || c == '\n').parse().unwrap();
        self.exemplar();
        assert!(self.skip('\n'));
        ((name, labels), value)
    }
}

/// Every sample of an exposition; a repeated series, or one whose family has no type, fails.
fn parse(text: &str, format: ExpositionFormat) -> BTreeMap<Series, f64> {
    let mut samples = BTreeMap::new();
    let mut parser = Parser { rest: text };
    let mut family = String::new();
    while !parser.rest.is_empty() && parser.rest != "# EOF\n" {
        if parser.rest.starts_with('#') {
            let parts: Vec<_> = parser.until(|c| c == '\n').splitn(4, ' ').collect();
            assert!(parser.skip('\n'));
            family = parts[2].to_owned();
        } else {
            let (series, value) = parser.sample();
            assert!(series.0.starts_with(&family));
            assert!(samples.insert(series, value).is_none());
        }
    }
    assert_eq!(
        parser.rest == "# EOF\n",
        format == ExpositionFormat::OpenMetrics
    );
    samples
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

proptest! {
    #[test]
    fn the_exposition_reads_back_the_recorded_values(
        steps in prop::collection::vec(step(), 0..40),
        traced in any::<bool>(),
    ) {
        let registry = Registry::new();
        let mut model = Model::default();
        for (at, step) in (0..).zip(&steps) {
            let trace_id = [u8::from(traced); 16];
            apply(&registry, step, &Exemplar { trace_id, span_id: [9; 16], unix_ms: at * 700 });
            model.apply(step);
        }
        for format in [ExpositionFormat::Prometheus, ExpositionFormat::OpenMetrics] {
            let found = parse(&registry.render(format), format);
            prop_assert!(found.keys().eq(model.samples.keys()), "{found:#?}\n{model:#?}");
            for (series, value) in &found {
                prop_assert!(close(*value, model.samples[series]), "{series:?} {value}");
            }
        }
    }

    #[test]
    fn the_snapshot_equals_the_exposition(steps in prop::collection::vec(step(), 0..20)) {
        let registry = Registry::new();
        steps.iter().for_each(|step| apply(&registry, step, &Exemplar::NONE));
        let snapshot = registry.snapshot();
        let found = parse(&registry.render_prometheus(), ExpositionFormat::Prometheus);
        prop_assert_eq!(snapshot.len(), found.len());
        for ((name, labels), value) in &found {
            let labels: Vec<_> = labels.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            prop_assert!(registry.value(name, &labels).is_some_and(|own| close(own, *value)));
        }
    }
}
