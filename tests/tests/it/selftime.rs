//! The root record of a request: self times and sums of random trees equal those of a model that knows only the records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::future::{BoxFuture, join_all};
use ragspan::prices::Prices;
use ragspan::testing::{Capture, Captured};
use ragspan::{Level, Usage, rag_span};
use serde_json::Value;
use tracing::Instrument;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::prelude::*;

use crate::ends::{completions, runtime};

/// The steps of a span of a random tree, in order.
#[derive(Clone, Debug)]
enum Step {
    /// Works for this time without yielding.
    Work(u32),
    Turn,
    Call(Plan),
    /// Runs these concurrently.
    AtOnce(Vec<Plan>),
    /// Spawns this, and does not wait for it.
    Start(Plan),
    Spend(Usage, Option<&'static str>),
    Retry,
    Hit,
    Miss,
}

#[derive(Clone, Debug)]
struct Plan {
    layer: usize,
    steps: Arc<Vec<Step>>,
}

type Running = BoxFuture<'static, ()>;

async fn follow(steps: Arc<Vec<Step>>) {
    for step in steps.iter().cloned() {
        match step {
            Step::Work(rounds) => {
                std::hint::black_box((0..rounds).map(std::hint::black_box).sum::<u32>());
            }
            Step::Turn => tokio::task::yield_now().await,
            Step::Call(plan) => call(plan).await,
            Step::AtOnce(plans) => drop(join_all(plans.into_iter().map(call)).await),
            Step::Start(plan) => drop(tokio::spawn(call(plan).in_current_span())),
            Step::Spend(usage, model) => {
                let spent = spend(usage, model.unwrap_or("priceless"));
                assert_eq!(spent, usage);
            }
            Step::Retry => ragspan::rag::retry(2, "busy"),
            Step::Hit => {
                ragspan::rag::cache_hit("answers");
                tracing::info!("hit");
            }
            Step::Miss => {
                ragspan::rag::cache_miss("answers");
                tracing::info!("miss");
            }
        }
    }
}

#[rag_span(layer = "generation", model = model, usage = |usage| *usage)]
fn spend(usage: Usage, model: &str) -> Usage {
    usage
}

macro_rules! layers {
    ($($name:ident $layer:tt;)*) => {
        const LAYERS: &[fn(Arc<Vec<Step>>) -> Running] = &[$($name),*];

        $(
            #[rag_span(layer = $layer)]
            fn $name(steps: Arc<Vec<Step>>) -> BoxFuture<'static, ()> {
                Box::pin(follow(steps))
            }
        )*
    };
}

layers! {
    api "api";
    ingestion "ingestion";
    data "data";
    retrieval "retrieval";
    generation "generation";
    evaluation "evaluation";
    memory "memory";
}

#[rag_span(layer = custom("rerank"))]
async fn custom(steps: Arc<Vec<Step>>) {
    follow(steps).await;
}

fn call(plan: Plan) -> Running {
    match LAYERS.get(plan.layer) {
        Some(layer) => layer(plan.steps),
        None => Box::pin(custom(plan.steps)),
    }
}

fn plan(random: &mut fastrand::Rng, depth: u32) -> Plan {
    let steps = (0..random.usize(1..7)).map(|_| step(random, depth));
    Plan {
        steps: Arc::new(steps.collect()),
        layer: random.usize(..=LAYERS.len()),
    }
}

fn step(random: &mut fastrand::Rng, depth: u32) -> Step {
    let below = depth.saturating_sub(1);
    match random.u32(..if depth == 0 { 7 } else { 13 }) {
        0 | 1 => Step::Work(random.u32(0..4_000)),
        2 => Step::Turn,
        3 => {
            let usage = Usage::new(random.u64(0..9_000), random.u64(0..900));
            let usage = usage.with_cached_input(random.u64(0..500));
            Step::Spend(usage, random.bool().then_some("small"))
        }
        4 => Step::Retry,
        5 => Step::Hit,
        6 => Step::Miss,
        7..=9 => Step::Call(plan(random, below)),
        10 => Step::Start(plan(random, below)),
        _ => Step::AtOnce(
            (0..random.usize(1..5))
                .map(|_| plan(random, below))
                .collect(),
        ),
    }
}

/// One call, as recorded.
#[derive(Debug)]
struct RecordedCall<'a> {
    record: &'a Value,
    layer: &'a str,
    start: u64,
    end: u64,
}

/// Returns microseconds since midnight. They are sufficient as long as a test does not run past midnight.
fn clock(timestamp: &str) -> u64 {
    let (_, time) = timestamp.trim_end_matches('Z').split_once('T').unwrap();
    let (time, micros) = time.split_once('.').unwrap();
    let parts = time.split(':').map(|part| part.parse::<u64>().unwrap());
    let seconds = parts.fold(0, |sum, part| sum * 60 + part);
    seconds * 1_000_000 + micros.parse::<u64>().unwrap()
}

fn micros(millis: &Value) -> u64 {
    let micros = millis.as_f64().unwrap() * 1000.0;
    let whole = format!("{micros:.0}").parse().unwrap();
    let off = micros - f64::from(u32::try_from(whole).unwrap());
    assert!(off.abs() < 1e-3, "{millis} ms are no whole microseconds");
    whole
}

fn recorded_call(record: &Value) -> RecordedCall<'_> {
    let logger = record["logger"].as_str().unwrap();
    let layer = match logger.strip_prefix("rag.").unwrap() {
        "rerank" => "custom",
        layer => layer,
    };
    // One day is added, so that no start is negative.
    let end = clock(record["timestamp"].as_str().unwrap()) + 86_400_000_000;
    RecordedCall {
        record,
        layer,
        start: end - micros(&record["metrics"]["duration_ms"]),
        end,
    }
}

/// The model: marks every microsecond of the span in which a child ran, also a child that outlived the span.
fn own_micros(span: &RecordedCall<'_>, all: &[RecordedCall<'_>]) -> u64 {
    let length = usize::try_from(span.end - span.start).unwrap();
    let mut marks = vec![false; length];
    let id = &span.record["span_id"];
    for child in all
        .iter()
        .filter(|child| child.record["parent_span_id"] == *id)
    {
        let offset = |at: u64| {
            usize::try_from(at.saturating_sub(span.start))
                .unwrap()
                .min(length)
        };
        marks[offset(child.start)..offset(child.end)].fill(true);
    }
    marks.iter().filter(|mark| !**mark).count() as u64
}

/// Returns the self times by layer that the model computes for the first `ended` spans of a trace, which ended before its root.
fn expected(ended: usize, all: &[RecordedCall<'_>]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for span in &all[..ended] {
        let own = own_micros(span, all);
        if own > 0 {
            *sums.entry(format!("self_ms.{}", span.layer)).or_default() += own;
        }
    }
    sums
}

fn measured(root: &Value) -> BTreeMap<String, u64> {
    let metrics = root["metrics"].as_object().unwrap().iter();
    let own = metrics.filter(|(name, _)| name.starts_with("self_ms."));
    own.map(|(name, millis)| (name.clone(), micros(millis)))
        .collect()
}

fn number(record: &Value, metric: &str) -> f64 {
    record["metrics"][metric].as_f64().unwrap_or(0.0)
}

/// Converts dollars to nano-dollars, which are integers.
fn nanos(dollars: f64) -> f64 {
    (dollars * 1e9).round()
}

/// Checks that the other sums of the root are those of the records before it.
fn sums_are_those_of(root: &Value, before: &[&Value], what: &str) {
    let calls = || {
        let model = |record: &&&Value| !record["context"]["model"].is_null();
        before.iter().filter(model)
    };
    let sum = |metric| calls().map(|call| number(call, metric)).sum::<f64>();
    let unpriced = calls().filter(|call| call["metrics"]["cost_usd"].is_null());
    assert_eq!(number(root, "total_tokens"), sum("total_tokens"), "{what}");
    assert_eq!(number(root, "llm_calls"), count(calls()), "{what}");
    assert_eq!(number(root, "unpriced_calls"), count(unpriced), "{what}");
    let cost: f64 = calls().map(|call| nanos(number(call, "cost_usd"))).sum();
    assert_eq!(nanos(number(root, "cost_usd")), cost, "{what}");
    let counts = [
        ("retries", "retrying"),
        ("cache_hits", "hit"),
        ("cache_misses", "miss"),
    ];
    for (metric, message) in counts {
        let matching = before.iter().filter(|record| record["message"] == message);
        assert_eq!(number(root, metric), count(matching), "{what}: {metric}");
    }
}

fn count<T>(all: impl Iterator<Item = T>) -> f64 {
    f64::from(u32::try_from(all.count()).unwrap())
}

const TABLE: &str = r#"{"version": "1", "models": {"small": {"input": 0.15, "cached_input": 0.075, "output": 0.6}}}"#;

/// Runs one request and all tasks that it spawns, to completion.
fn capture_request(plan: Plan) -> Captured {
    let prices = Prices::from_json(TABLE).unwrap();
    let capture = Capture::new().level(Level::Info).prices(prices);
    let (_, seen) = capture.run(|| {
        runtime().block_on(async {
            call(plan).await;
            // Spawned tasks run to completion.
            while tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks()
                > 0
            {
                tokio::task::yield_now().await;
            }
        });
    });
    seen
}

/// Returns the numbers of spans that outlived their parent, and of spans that ran concurrently with a sibling.
fn variety(spans: &[RecordedCall<'_>]) -> [usize; 2] {
    let below = |above: &Value| {
        let above = above.clone();
        spans
            .iter()
            .filter(move |span| span.record["parent_span_id"] == above)
    };
    let outlived = spans.iter().flat_map(|span| {
        let id = &span.record["span_id"];
        below(id).filter(|child| child.end > span.end)
    });
    let overlap = spans.iter().filter(|span| {
        let others = below(&span.record["parent_span_id"]);
        let others = others.filter(|other| other.record["span_id"] != span.record["span_id"]);
        others
            .into_iter()
            .any(|other| other.start < span.end && span.start < other.end)
    });
    [outlived.count(), overlap.count()]
}

/// Compares the root record with the models, and returns the variety of the spans.
fn check(seen: &Captured, what: &str) -> [usize; 2] {
    let root = seen.records().iter().position(|record| {
        record["parent_span_id"].is_null() && !record["context"]["status"].is_null()
    });
    let root = root.unwrap();
    let before: Vec<_> = seen.records()[..root].iter().collect();
    let root = &seen.records()[root];
    let ended = completions(seen);
    let at = ended
        .iter()
        .position(|record| std::ptr::eq(*record, root))
        .unwrap();
    let spans: Vec<_> = ended.iter().map(|record| recorded_call(record)).collect();
    let traces: BTreeSet<_> = ended
        .iter()
        .map(|record| record["trace_id"].as_str())
        .collect();
    assert_eq!(traces.len(), 1, "{what}");
    if at > 0 {
        assert_eq!(measured(root), expected(at + 1, &spans), "{what}");
        assert_eq!(number(root, "spans"), count(0..=at), "{what}");
    }
    sums_are_those_of(root, &before, what);
    variety(&spans)
}

#[test]
fn self_times_and_sums_of_random_requests_equal_the_models() {
    let seed = crate::ends::seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let mut varied = [0, 0];
    for number in 0..150 {
        let mut plan = plan(&mut random, 4);
        plan.layer = 0;
        let what = format!("request {number}, seed {seed}");
        let found = check(&capture_request(plan), &what);
        varied
            .iter_mut()
            .zip(found)
            .for_each(|(sum, more)| *sum += more);
    }
    assert!(
        varied.iter().all(|found| *found > 50),
        "{varied:?}, seed {seed}"
    );
}

#[rag_span(layer = "api")]
fn enclosing_what_is_hidden() {
    hidden();
    shown();
}

#[rag_span(layer = "data", level = "debug")]
fn hidden() {
    shown();
    std::hint::black_box((0..10_000).map(std::hint::black_box).sum::<u32>());
}

#[rag_span(layer = "retrieval")]
fn shown() {
    std::hint::black_box((0..10_000).map(std::hint::black_box).sum::<u32>());
}

/// The time of a call whose span is disabled counts for the enclosing call, so that no time counts twice.
#[test]
fn self_times_around_hidden_calls_add_up_to_the_root() {
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO);
    let capture = Capture::new().under(subscriber.with(ragspan::layer()));
    let (_, seen) = capture.run(enclosing_what_is_hidden);
    let root = seen.record("enclosing_what_is_hidden_complete");
    let times = measured(root);
    let whole = micros(&root["metrics"]["duration_ms"]);
    assert_eq!(times.values().sum::<u64>(), whole, "{times:?}");
    assert_eq!(times.len(), 2, "{times:?}");
}
