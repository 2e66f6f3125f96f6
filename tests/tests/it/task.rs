//! Tasks, threads and callbacks that a request starts are part of it, and an ended task records the reason.

use std::sync::mpsc;
use std::time::Duration;

use ragspan::task::ContextHandle;
use ragspan::testing::{Captured, capture, capture_async};
use ragspan::{LogContext, rag_span};
use serde_json::Value;
use tokio::task::{JoinSet, LocalSet};

#[derive(LogContext)]
struct Request {
    user_id: &'static str,
}

const ADA: Request = Request { user_id: "ada" };

#[rag_span(layer = "retrieval", context(step))]
async fn work(step: u64) -> u64 {
    tokio::task::yield_now().await;
    tracing::info!(step, "working");
    step
}

#[rag_span(layer = "ingestion", context(step))]
fn parse(step: u64) -> u64 {
    tracing::info!(step, "working");
    step
}

/// Starts work in every possible way; each has its own number of a step.
#[rag_span(layer = "api")]
async fn answer() -> u64 {
    let task = ragspan::task::spawn(work(1));
    let blocking = ragspan::task::spawn_blocking(|| parse(2));
    let thread = ragspan::task::spawn_thread(|| parse(3));
    let mut set = JoinSet::new();
    set.spawn(ragspan::task::with_current_context(work(4)));
    let named = std::thread::Builder::new().name("parser".to_owned());
    let named = named.spawn(ragspan::task::wrap(|| parse(5))).unwrap();
    let callback = ragspan::task::wrap_fn(parse);
    let pool = std::thread::spawn(move || callback(6) + callback(7));
    let handle = ContextHandle::current();
    let there = std::thread::spawn(move || {
        std::thread::scope(|threads| {
            let both = [8, 9].map(|step| {
                threads.spawn({
                    let handle = &handle;
                    move || handle.run(|| parse(step))
                })
            });
            both.map(|thread| thread.join().unwrap())
                .iter()
                .sum::<u64>()
        })
    });
    let mut sum = task.await.unwrap() + blocking.await.unwrap() + thread.join().unwrap();
    while let Some(step) = set.join_next().await {
        sum += step.unwrap();
    }
    sum + named.join().unwrap() + pool.join().unwrap() + there.join().unwrap()
}

/// Checks that every call and event of a step belongs to the request and to the call that started it.
fn assert_joined(seen: &Captured, root: &str, steps: std::ops::RangeInclusive<u64>) {
    let root = seen.record(root);
    for step in steps {
        let of = |record: &&Value| record["context"]["step"] == step;
        let recorded: Vec<_> = seen.records().iter().filter(of).collect();
        assert!(recorded.len() >= 2, "step {step}: {recorded:?}");
        for record in recorded {
            assert_eq!(record["trace_id"], root["trace_id"], "{record}");
            assert_eq!(record["user_id"], "ada", "{record}");
            if record["logger"] != root["logger"] && record["message"] != "working" {
                assert_eq!(record["parent_span_id"], root["span_id"], "{record}");
            }
        }
    }
}

#[tokio::test]
async fn every_function_that_starts_work_keeps_the_request_context() {
    let (sum, seen) = capture_async(async { ADA.scope(answer()).await }).await;
    assert_eq!(sum, 45);
    assert_joined(&seen, "answer_complete", 1..=9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_request_context_is_kept_on_a_multi_thread_runtime() {
    let (sum, seen) = capture_async(async { ADA.scope(answer()).await }).await;
    assert_eq!(sum, 45);
    assert_joined(&seen, "answer_complete", 1..=9);
}

#[tokio::test]
async fn a_future_that_is_not_send_can_be_spawned_locally() {
    #[rag_span(layer = "api")]
    async fn local() {
        let shared = std::rc::Rc::new(1);
        let step = std::rc::Rc::clone(&shared);
        let task = ragspan::task::spawn_local(async move { work(*step).await });
        assert_eq!(task.await.unwrap(), *shared);
    }
    let set = LocalSet::new();
    let captured = capture_async(async { ADA.scope(local()).await });
    let ((), seen) = set.run_until(captured).await;
    assert_joined(&seen, "local_complete", 1..=1);
}

#[tokio::test]
async fn a_task_leaves_no_context_on_its_thread() {
    let ((), seen) = capture_async(async {
        let first = ADA.in_scope(|| ragspan::task::spawn(work(1)));
        let second = ragspan::task::spawn(work(2));
        tracing::info!("between");
        assert_eq!(first.await.unwrap() + second.await.unwrap(), 3);
        tracing::info!("behind");
    })
    .await;
    for record in seen.records() {
        let mine = record["context"]["step"] == 1;
        assert_eq!(record["user_id"] == "ada", mine, "{record}");
    }
    for message in ["between", "behind"] {
        assert!(seen.record(message)["trace_id"].is_null());
    }
}

#[rag_span(layer = "generation")]
async fn generate() {
    std::future::pending::<()>().await;
}

fn cancelled_by(seen: &Captured) -> Value {
    seen.record("generate_cancelled")["context"]["cancelled_by"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_call_cancelled_by_a_timeout_records_the_timeout() {
    let hour = Duration::from_secs(3600);
    let (ended, seen) = capture_async(ragspan::task::timeout(hour, generate())).await;
    assert!(ended.is_err());
    assert_eq!(cancelled_by(&seen), "timeout");
    // A future that is ready in time behaves as without the limit.
    let (value, seen) = capture_async(ragspan::task::timeout(hour, work(7))).await;
    assert_eq!(value.ok(), Some(7));
    assert!(seen.record("work_complete")["context"]["cancelled_by"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_plain_drop_records_no_reason() {
    let ((), seen) = capture_async(async {
        let second = Duration::from_secs(1);
        assert!(tokio::time::timeout(second, generate()).await.is_err());
        // This limit is dropped before it expires, so it is not the reason.
        let limited = ragspan::task::timeout(2 * second, generate());
        assert!(tokio::time::timeout(second, limited).await.is_err());
    })
    .await;
    let both: Vec<_> = seen
        .records()
        .iter()
        .filter(|it| it["message"] == "generate_cancelled")
        .collect();
    assert_eq!(both.len(), 2);
    assert!(
        both.iter()
            .all(|it| it["context"]["cancelled_by"].is_null())
    );
}

#[tokio::test]
async fn an_aborted_task_records_the_abort_and_a_finished_one_does_not() {
    let ((), seen) = capture_async(async {
        let task = ragspan::task::spawn(generate());
        tokio::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(ragspan::task::spawn(work(1)).await.unwrap(), 1);
    })
    .await;
    assert_eq!(cancelled_by(&seen), "abort");
    assert_eq!(
        seen.record("work_complete")["context"]["cancelled_by"],
        Value::Null
    );
}

#[test]
fn a_task_dropped_with_its_runtime_records_the_abort() {
    let ((), seen) = capture(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            drop(ragspan::task::spawn(generate()));
            tokio::task::yield_now().await;
        });
    });
    assert_eq!(cancelled_by(&seen), "abort");
}

#[test]
fn a_closure_that_panics_leaves_no_context_on_its_thread() {
    let ((), seen) = capture(|| {
        let (send, tasks) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let pool = std::thread::spawn(ragspan::task::wrap(move || {
            for task in tasks {
                drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(task)));
                tracing::info!("next");
            }
        }));
        ADA.in_scope(|| {
            let panics = ragspan::task::wrap(|| {
                parse(1);
                panic!("in the pool");
            });
            send.send(Box::new(panics)).unwrap();
        });
        drop(send);
        pool.join().unwrap();
    });
    assert_eq!(seen.record("parse_complete")["user_id"], "ada");
    assert!(seen.record("next")["user_id"].is_null());
}

#[rag_span(layer = "memory")]
fn inner(handle: &ContextHandle) {
    handle.run(|| parse(1));
    parse(2);
}

/// A thread that is in a span does not enter it again: otherwise the innermost span would remain current.
#[test]
fn a_handle_restores_its_context_from_a_nested_or_another_call() {
    #[rag_span(layer = "api")]
    fn outer(outside: &ContextHandle) {
        let handle = ContextHandle::current();
        ADA.in_scope(|| {
            inner(&handle);
            outside.run(|| parse(3));
        });
    }
    let ((), seen) = capture(|| outer(&ContextHandle::current()));
    let parsed = |step: u64| {
        let of = |record: &&Value| {
            record["message"] == "parse_complete" && record["context"]["step"] == step
        };
        seen.records().iter().find(of).unwrap()
    };
    let recorded = |step| (&parsed(step)["parent_span_id"], &parsed(step)["user_id"]);
    let (outer, inner) = (seen.record("outer_complete"), seen.record("inner_complete"));
    assert_eq!(recorded(1), (&outer["span_id"], &Value::Null));
    assert_eq!(recorded(2), (&inner["span_id"], &Value::from("ada")));
    assert_eq!(recorded(3), (&Value::Null, &Value::Null));
    assert_ne!(parsed(3)["trace_id"], outer["trace_id"]);
}
