//! A block under `span!` is a call like that of an annotated function, and records values while it runs.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use ragspan::testing::{Capture, advance, capture};
use ragspan::{Level, Span, Usage, rag_span, span};
use serde_json::{Value, json};
use tokio::task::{LocalSet, yield_now};
use tracing::Dispatch;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::prelude::*;

use crate::ends::{End, active, capture_in_runtime, completions, nothing, requests, runtime};

const CANCELLED: End = End {
    message: "work_cancelled",
    level: "INFO",
    status: "cancelled",
};

/// The outcome of a piece of work.
#[derive(Clone, Copy, Debug)]
enum How {
    Succeeds,
    Fails,
    FindsNothing,
    Panics,
    IsSlow,
}

const ALL: [How; 5] = [
    How::Succeeds,
    How::Fails,
    How::FindsNothing,
    How::Panics,
    How::IsSlow,
];

#[derive(Debug, ragspan::ErrorType)]
enum Failed {
    #[error_type(level = "warning", action = "queued", fields(code))]
    Busy { code: u16 },
}

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the index is busy")
    }
}

impl std::error::Error for Failed {}

fn work(how: How) -> Result<Vec<&'static str>, Failed> {
    match how {
        How::Succeeds => Ok(vec!["bees", "wasps"]),
        How::Fails => Err(Failed::Busy { code: 503 }),
        How::FindsNothing => Ok(Vec::new()),
        How::Panics => panic!("it went to pieces"),
        How::IsSlow => {
            advance(Duration::from_secs(2));
            Ok(vec!["snails"])
        }
    }
}

/// The same body as a function and as a block, sync and async.
macro_rules! ways {
    ($name:ident, ($($arguments:tt)*), $body:block, |$how:ident| -> $returned:ty) => {
        mod $name {
            use super::*;

            #[rag_span(operation = "work", $($arguments)*)]
            fn function($how: How) -> $returned $body

            fn block($how: How) -> $returned {
                span!("work", $($arguments)*, || -> $returned $body)
            }

            #[rag_span(operation = "work", $($arguments)*)]
            async fn async_function($how: How) -> $returned {
                yield_now().await;
                $body
            }

            async fn async_block($how: How) -> $returned {
                let future = span!("work", $($arguments)*, async |_span| -> $returned {
                    yield_now().await;
                    $body
                });
                future.await
            }

            pub(super) fn compare(how: How) {
                let as_function = seen(|| drop(function(how)));
                let as_block = seen(|| drop(block(how)));
                assert_eq!(as_block, as_function, "{how:?}");
                let as_function = seen(|| drop(runtime().block_on(async_function(how))));
                let as_block = seen(|| drop(runtime().block_on(async_block(how))));
                assert_eq!(as_block, as_function, "async, {how:?}");
                assert!(as_block.len() >= 6, "{as_block:?}");
            }
        }
    };
}

ways!(
    ordinary,
    (layer = "retrieval", context(?how, n = %7), ok(|hits| hits = hits.len(), metrics.share = 0.5)),
    { work(how) },
    |how| -> Result<Vec<&'static str>, Failed>
);

ways!(
    with_everything,
    (
        layer = custom("rerank"),
        level = "debug",
        target = "elsewhere",
        fields(how = ?how, later = tracing::field::Empty),
        context(asked = 7),
        metrics(weight = 0.5),
        versions(prompt = "v3"),
        kind = "rerank",
        model = "small-1",
        usage = |_| Usage::new(7, 2),
        cost = |hits| hits.len() as f64,
        documents = |hits| hits.iter().map(|hit| (*hit, 0.5)),
        empty,
        slow = "1s",
        err(level = "critical", type = |_error| "busy"),
        ret,
        ok(|hits| hits = hits.len())
    ),
    {
        tracing::info!("inside");
        tracing::Span::current().record("later", "recorded");
        ragspan::rag::retry(2, "busy");
        drop(inner(how));
        work(how)
    },
    |how| -> Result<Vec<&'static str>, Failed>
);

ways!(
    classified,
    (
        layer = "api",
        outcome = |recorded: &String| if recorded.is_empty() { ragspan::Outcome::Error } else { ragspan::Outcome::Success }
    ),
    { work(how).map_or_else(|_| String::new(), |hits| hits.concat()) },
    |how| -> String
);

#[rag_span(layer = "data", context(?how))]
fn inner(how: How) -> Result<Vec<&'static str>, Failed> {
    work(how)
}

/// Returns all records and metrics of `run`, with stopped time and deterministic ids.
fn seen(run: impl FnOnce()) -> Vec<String> {
    let capture = Capture::new().at("2025-12-03T22:45:30Z").seed(7);
    let (_, seen) = capture.run(|| catch_unwind(AssertUnwindSafe(run)));
    let records = seen.records().iter().cloned();
    let mut all: Vec<String> = records.map(placeless).collect();
    for layer in ["retrieval", "rerank", "data", "api"] {
        let statuses = ["success", "error", "empty", "cancelled", "panic"];
        let requests = statuses.map(|status| requests(&seen, layer, status));
        let latency = ["work", "inner"].map(|operation| {
            let labels = [("operation", operation), ("layer", layer)];
            seen.metric("rag_request_latency_ms_count", &labels)
        });
        let errors = ["busy", "panic", "unknown"].map(|label| {
            seen.metric(
                "rag_errors_total",
                &[("error_type", label), ("layer", layer)],
            )
        });
        all.push(format!(
            "{layer} {requests:?} {:?} {latency:?} {errors:?}",
            active(&seen, layer)
        ));
    }
    all
}

/// Removes line numbers of the source from a record.
fn placeless(mut record: Value) -> String {
    // Only the calls, without the frames of a panic.
    if let Some(trace) = record["stack_trace"].as_str() {
        let calls: Vec<&str> = trace.lines().filter(|line| line.ends_with(')')).collect();
        record["stack_trace"] = json!(calls);
    }
    let line = record.to_string();
    // The line number behind a file name.
    let digit = |c: char| c.is_ascii_digit();
    let pieces = line
        .split(".rs:")
        .map(|piece| piece.trim_start_matches(digit));
    pieces.collect::<Vec<_>>().join(".rs:")
}

#[test]
fn a_block_records_the_same_as_a_function_for_every_outcome() {
    for how in ALL {
        ordinary::compare(how);
        with_everything::compare(how);
        classified::compare(how);
    }
}

fn file(name: &str) -> Result<usize, Failed> {
    let pages = span!("parsing", layer = "ingestion", context(name), |span| {
        if name.is_empty() {
            return Ok(0);
        }
        let hits = inner(How::Succeeds)?;
        inner(if name == "bad" {
            How::Fails
        } else {
            How::Succeeds
        })?;
        span.metric("pages", hits.len());
        Ok(hits.len())
    })?;
    Ok(pages + 1)
}

#[test]
fn a_question_mark_and_a_return_end_the_block() {
    let (results, seen) = capture(|| [file("good"), file(""), file("bad")].map(Result::ok));
    assert_eq!(results, [Some(3), Some(1), None]);
    let parsed = completions(&seen).into_iter();
    let parsed: Vec<&Value> = parsed
        .filter(|record| record["context"]["operation"] == "parsing")
        .collect();
    let statuses: Vec<&Value> = parsed
        .iter()
        .map(|record| &record["context"]["status"])
        .collect();
    assert_eq!(statuses, ["success", "success", "error"]);
    assert_eq!(parsed[0]["metrics"]["pages"], 2);
    // The error originates in the inner function, so the block only propagates it.
    assert_eq!(
        (&parsed[2]["level"], &parsed[2]["error"]["type"]),
        (&json!("INFO"), &json!("busy"))
    );
}

#[rag_span(layer = "ingestion")]
fn pipeline() -> usize {
    let outer = span!("chunking", layer = "ingestion", || inner(How::Succeeds)
        .map_or(0, |hits| hits.len()));
    tracing::info!("between");
    outer
        + span!("embedding", layer = "ingestion", |span| {
            tracing::info!("within");
            assert!(span.trace_id().is_some() && span.span_id().is_some());
            span!("batch", layer = "ingestion", || 1)
        })
}

#[test]
fn the_time_of_a_block_is_not_in_the_self_time_of_the_enclosing_call() {
    let step = |millis| advance(Duration::from_millis(millis));
    let ((), seen) = Capture::new().at("2025-12-03T22:45:30Z").run(|| {
        span!("enclosing", layer = "api", || {
            step(1);
            span!("inside", layer = "retrieval", || step(20));
            runtime().block_on(span!("later", layer = "data", async || {
                step(100);
                yield_now().await;
                span!("deepest", layer = "retrieval", || step(300));
            }));
            step(4000);
        });
    });
    let metrics = &seen.record("enclosing_complete")["metrics"];
    let own = ["api", "retrieval", "data"].map(|layer| &metrics[format!("self_ms.{layer}")]);
    assert_eq!(own, [&json!(4001.0), &json!(320.0), &json!(100.0)]);
    assert_eq!(metrics["duration_ms"], 4421.0);
    assert_eq!(
        seen.tree(),
        "\
enclosing (api) succeeded
  inside (retrieval) succeeded
  later (data) succeeded
    deepest (retrieval) succeeded
"
    );
}

#[derive(ragspan::LogContext)]
struct Request {
    user_id: String,
}

#[test]
fn a_block_has_the_parent_and_target_of_its_arguments() {
    let request = Request {
        user_id: "ada".into(),
    };
    let local = 7;
    let ((), seen) = capture(|| {
        span!("enclosing", layer = "api", || {
            span!(
                "work",
                layer = "data",
                parent = None,
                context_from = request,
                fields(local, later = tracing::field::Empty),
                || {
                    tracing::Span::current().record("later", 8);
                }
            );
        });
    });
    let record = seen.record("work_complete");
    assert_eq!(
        (&record["parent_span_id"], &record["user_id"]),
        (&Value::Null, &json!("ada"))
    );
    let context = &record["context"];
    assert_eq!(
        (&context["local"], &context["later"]),
        (&json!(7), &json!(8))
    );
}

#[test]
fn blocks_and_functions_nest_in_one_another() {
    let (sum, seen) = capture(pipeline);
    assert_eq!(sum, 3);
    let id = |message: &str| seen.record(message)["span_id"].clone();
    for (below, above) in [
        ("inner_complete", "chunking_complete"),
        ("chunking_complete", "pipeline_complete"),
        ("batch_complete", "embedding_complete"),
        ("embedding_complete", "pipeline_complete"),
    ] {
        assert_eq!(seen.record(below)["parent_span_id"], id(above), "{below}");
    }
    assert_eq!(seen.record("within")["span_id"], id("embedding_complete"));
    assert_eq!(seen.record("between")["span_id"], id("pipeline_complete"));
    let trace = &seen.record("pipeline_complete")["trace_id"];
    assert!(
        seen.records()
            .iter()
            .all(|record| record["trace_id"] == *trace)
    );
}

#[test]
fn the_handle_returns_the_ids_of_the_record() {
    let (ids, seen) = capture(|| {
        span!("work", layer = "data", |span| (
            span.trace_id(),
            span.span_id()
        ))
    });
    let record = seen.record("work_complete");
    let recorded = [
        ids.0.map(|id| id.to_string()),
        ids.1.map(|id| id.to_string()),
    ];
    assert_eq!(
        recorded,
        [&record["trace_id"], &record["span_id"]].map(|id| id.as_str().map(str::to_owned))
    );
}

async fn forever() {
    span!("work", layer = "generation", async |span| {
        span.record("reached", "the middle");
        yield_now().await;
        std::future::pending::<()>().await;
        span.record("reached", "the end");
    })
    .await
}

#[test]
fn a_block_that_was_never_polled_is_not_a_call() {
    let ((), seen) = capture(|| drop(forever()));
    nothing(&seen, "generation", "never polled");
    let ((), seen) = capture(|| drop(span!("work", layer = "generation", async || ())));
    nothing(&seen, "generation", "never polled");
}

#[test]
fn a_block_dropped_midway_is_cancelled_and_keeps_its_values() {
    let (timed_out, seen) = capture_in_runtime(|| async {
        tokio::select! { biased; () = forever() => false, () = turns(3) => true }
    });
    assert!(timed_out);
    let record = CANCELLED.is_all_of(&seen, "generation", "a block");
    assert_eq!(record["context"]["reached"], "the middle");
}

async fn turns(count: u32) {
    for _ in 0..count {
        yield_now().await;
    }
}

#[test]
fn the_last_value_of_a_key_wins() {
    let ((), seen) = capture(|| {
        span!(
            "work",
            layer = "data",
            context(a = 1, b = 1),
            ok(|()| c = 1),
            |span| {
                span.record("a", 2);
                span.record("c", 2);
                span.record("metrics.d", 1.5);
                span.metric("d", 2.5);
                span.record("text", "one");
                span.record("text", String::from("two"));
                span.record("shown", tracing::field::debug(Some(1)));
                span.record("none", None::<u8>);
            }
        );
    });
    let record = seen.record("work_complete");
    let context = &record["context"];
    assert_eq!(
        [&context["a"], &context["b"], &context["c"]],
        [&json!(2), &json!(1), &json!(2)]
    );
    assert_eq!(
        [&context["text"], &context["shown"], &context["none"]],
        [&json!("two"), &json!("Some(1)"), &Value::Null]
    );
    assert_eq!(record["metrics"]["d"], 2.5);
}

/// Returns a subscriber that disables the spans of this name.
fn hiding(name: &'static str) -> Dispatch {
    let wanted = filter_fn(move |meta| !(meta.is_span() && meta.name() == name));
    Dispatch::new(
        tracing_subscriber::registry()
            .with(wanted)
            .with(ragspan::layer()),
    )
}

fn enclosing_hidden() {
    span!("enclosing", layer = "api", || {
        span!("work", layer = "data", |span| {
            span.record("kept", 1);
            ragspan::record("nearest", 1);
            tracing::info!("inside");
            Err::<(), _>(Failed::Busy { code: 1 })
        })
    })
    .unwrap_err();
}

#[test]
fn values_of_a_hidden_block_are_in_its_record() {
    let ((), seen) = Capture::new().under(hiding("work")).run(enclosing_hidden);
    let hidden = seen.record("work_failed");
    assert_eq!(hidden["context"]["kept"], 1, "failed blocks are recorded");
    let enclosing = seen.record("enclosing_failed");
    assert_eq!(
        enclosing["context"]["nearest"], 1,
        "the nearest enabled span"
    );
    assert_eq!(seen.record("inside")["span_id"], enclosing["span_id"]);

    let quiet = || span!("work", layer = "data", |span| span.record("kept", 1));
    let ((), seen) = Capture::new().under(hiding("work")).run(quiet);
    assert_eq!(
        seen.messages(),
        [] as [&str; 0],
        "a hidden success leaves no record"
    );
    assert_eq!(requests(&seen, "data", "success"), 1.0, "and is counted");
}

#[test]
fn a_handle_works_on_other_threads_and_ignores_values_after_the_end() {
    let (late, seen) = capture_in_runtime(|| async {
        span!("work", layer = "data", async |span: Span| {
            let other = span.clone();
            let task = tokio::spawn(async move {
                yield_now().await;
                other.record("task", 1);
                other
            });
            let there = span.clone();
            std::thread::spawn(move || there.record("thread", 1))
                .join()
                .unwrap();
            task.await.unwrap()
        })
        .await
    });
    late.record("late", 1);
    let context = &seen.record("work_complete")["context"];
    assert_eq!(
        [&context["task"], &context["thread"], &context["late"]],
        [&json!(1), &json!(1), &Value::Null]
    );
    assert!(late.trace_id().is_some());
}

#[test]
fn a_body_that_moves_between_threads_records_its_values() {
    let mut body = Box::pin(span!("work", layer = "data", async |span| {
        span.record("one", 1);
        ragspan::record("nearest", 1);
        yield_now().await;
        span.record("two", 2);
    }));
    let ((), seen) = capture(|| {
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let poll = |body: &mut std::pin::Pin<Box<_>>| futures_util::FutureExt::now_or_never(body);
        assert!(poll(&mut body).is_none());
        std::thread::scope(|threads| {
            let there = threads.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || poll(&mut body).is_some())
            });
            assert!(there.join().unwrap());
        });
    });
    let context = &seen.record("work_complete")["context"];
    let recorded = [&context["one"], &context["two"], &context["nearest"]];
    assert_eq!(recorded, [&json!(1), &json!(2), &json!(1)]);
}

#[rag_span(layer = "data", ok(|_value| kept = 3))]
fn records(times: u8) {
    for n in 0..times {
        ragspan::record("n", n);
        ragspan::record("metrics.m", n);
    }
}

#[test]
fn the_free_function_records_in_the_nearest_call() {
    let ((), seen) = capture(|| {
        ragspan::record("lost", 1);
        span!("enclosing", layer = "api", || {
            records(3);
            ragspan::record("own", true);
        });
    });
    let (enclosing, inside) = (
        seen.record("enclosing_complete"),
        seen.record("records_complete"),
    );
    assert_eq!(
        (&inside["context"]["n"], &inside["metrics"]["m"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(
        (&enclosing["context"]["own"], &enclosing["context"]["n"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(seen.records().len(), 2 + 2, "two calls, each announced");
}

#[test]
fn a_disabled_block_runs_and_evaluates_nothing() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let ask = || ASKED.fetch_add(1, Relaxed);
    let value = span!(
        "work",
        layer = "data",
        context(n = ask()),
        ok(|_value| m = ask()),
        |span| {
            span.record("x", 1);
            ragspan::record("y", 1);
            (span.trace_id(), span.span_id(), 7)
        }
    );
    assert_eq!((value, ASKED.load(Relaxed)), ((None, None, 7), 0));
}

#[test]
fn borrows_of_a_block_end_with_it() {
    let mut kept = vec![1];
    let name = String::from("bees");
    let added = span!("work", layer = "data", context(name), |_| {
        kept.push(2);
        kept.len()
    });
    kept.push(3);
    let counted = runtime().block_on(span!("work", layer = "data", context(name), async |span| {
        kept.push(4);
        yield_now().await;
        span.record("n", kept.len());
        kept.len()
    }));
    let owned = span!("work", layer = "data", move || name);
    assert_eq!(
        (added, counted, kept, owned.as_str()),
        (2, 4, vec![1, 2, 3, 4], "bees")
    );
}

struct Index {
    hits: Vec<u32>,
}

impl Index {
    fn sum(&self) -> u32 {
        span!("sum", layer = "data", context(n = self.hits.len()), || self
            .hits
            .iter()
            .sum())
    }

    async fn add(&mut self, hit: u32) -> usize {
        span!(
            "add",
            layer = "data",
            ok(|count| count = *count),
            async || {
                self.hits.push(hit);
                yield_now().await;
                self.hits.len()
            }
        )
        .await
    }
}

fn generic<T: fmt::Display + Clone, const N: usize>(values: &[T; N]) -> String {
    span!("generic", layer = "data", context(n = N, first = %values[0]), ok(|all| chars = all.len()), |span| {
        span.metric("values", N);
        let texts: Vec<String> = values.iter().map(T::to_string).collect();
        texts.concat()
    })
}

fn factorial(n: u64) -> u64 {
    span!("factorial", layer = "data", context(n), || if n == 0 {
        1
    } else {
        n * factorial(n - 1)
    })
}

macro_rules! stage {
    ($name:literal, $n:expr, $closure:expr) => {
        span!($name, layer = "ingestion", context(n = $n), $closure)
    };
    ($name:literal => $body:expr) => {{
        let own = 1;
        span!($name, layer = "ingestion", |span| {
            span.record("own", own);
            $body
        })
    }};
}

#[test]
fn blocks_are_expressions_and_statements() {
    let (_, seen) = capture(|| {
        let mut index = Index { hits: vec![1, 2] };
        assert_eq!(runtime().block_on(index.add(3)), 3);
        assert_eq!(
            (
                index.sum(),
                generic(&["a", "b"]),
                generic(&[1]),
                factorial(3)
            ),
            (6, "ab".into(), "1".into(), 6)
        );
        assert_eq!(
            (
                stage!("macro_closure", 1, |_| 5),
                stage!("macro_body" => index.sum())
            ),
            (5, 6)
        );
        for n in 0..100_u32 {
            let even = span!("loop", layer = "data", context(n), || n.is_multiple_of(2));
            if !even {
                continue;
            }
        }
        span! { "braces", layer = "data", || {} };
        let _unit: () = span!["brackets", layer = "data", || ()];
    });
    let count = |message: &str| {
        seen.messages()
            .iter()
            .filter(|found| **found == message)
            .count()
    };
    let counts = [
        "add_complete",
        "sum_complete",
        "generic_complete",
        "factorial_complete",
        "loop_complete",
    ]
    .map(count);
    assert_eq!(counts, [1, 2, 2, 4, 100]);
    assert_eq!(
        [
            count("macro_closure_complete"),
            count("macro_body_complete"),
            count("braces_complete")
        ],
        [1; 3]
    );
    let labels = [("operation", "loop"), ("layer", "data")];
    assert_eq!(
        seen.metric("rag_request_latency_ms_count", &labels),
        Some(100.0)
    );
}

#[test]
fn a_body_that_cannot_be_sent_runs_on_a_local_set() {
    let (sum, seen) = capture_in_runtime(|| async {
        let local = LocalSet::new();
        let task = local.spawn_local(span!("work", layer = "data", async || {
            let shared = Rc::new(3);
            yield_now().await;
            *shared + Rc::strong_count(&shared)
        }));
        local.await;
        task.await.unwrap()
    });
    assert_eq!((sum, requests(&seen, "data", "success")), (4, 1.0));
}

async fn handler(body: String) -> Result<String, axum::http::StatusCode> {
    span!(
        "handle",
        layer = "api",
        context(chars = body.len()),
        async move |span| -> Result<_, axum::http::StatusCode> {
            yield_now().await;
            span.record("answered", true);
            Ok(body)
        }
    )
    .await
}

#[test]
fn blocks_work_in_handlers_and_tasks() {
    let _router: axum::Router = axum::Router::new().route("/", axum::routing::post(handler));
    let (answer, seen) = capture_in_runtime(|| async {
        let task = tokio::spawn(span!("task", layer = "api", async move || handler(
            "bees".into()
        )
        .await));
        task.await.unwrap()
    });
    assert_eq!(answer.as_deref(), Ok("bees"));
    assert_eq!(seen.record("handle_complete")["context"]["answered"], true);
    assert_eq!(
        seen.record("handle_complete")["parent_span_id"],
        seen.record("task_complete")["span_id"]
    );
}

#[test]
fn a_block_records_its_start_at_debug() {
    let run = || {
        span!("work", layer = "data", context(n = 1), |span| span
            .record("m", 2))
    };
    let ((), seen) = capture(run);
    assert_eq!(seen.messages(), ["work_started", "work_complete"]);
    assert_eq!(seen.record("work_started")["context"]["n"], 1);
    let ((), seen) = Capture::new().level(Level::Info).run(run);
    assert_eq!(seen.messages(), ["work_complete"]);
}

#[test]
fn other_layers_see_the_span_of_a_block() {
    let below: Dispatch = Dispatch::new(
        tracing_subscriber::registry().with(ragspan::layer()).with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::sink)
                .with_filter(LevelFilter::TRACE),
        ),
    );
    let (name, seen) = Capture::new().under(below).run(|| {
        span!("work", layer = "data", fields(n = 1), || {
            tracing::Span::current()
                .metadata()
                .map(|meta| (meta.name(), meta.fields().field("n").is_some()))
        })
    });
    seen.span("work").assert_field("n", 1);
    assert_eq!(name, Some(("work", true)));
}
