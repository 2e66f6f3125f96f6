//! A capture has all records of its code, on any thread and in any task, and none of concurrent captures.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Barrier;

use ragspan::testing::{Capture, Captured, capture_async};
use ragspan::{ErrorType, rag_span};
use tracing::Dispatch;
use tracing::dispatcher::{get_default, with_default};
use tracing::instrument::WithSubscriber;

use crate::programs::{STARTUP, succeed};

/// The number of concurrent captures on threads; the same number runs in tasks.
const EACH: usize = 32;

/// The variable with the number of rounds; more rounds find rarer faults. `scripts/soak capture` sets it.
const ROUNDS: &str = "RAGSPAN_CAPTURE_ROUNDS";

#[derive(Debug, ErrorType)]
enum Failure {
    Busy,
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("busy")
    }
}

/// The work of the capture with this number, which is in every record.
#[rag_span(layer = "retrieval", context(capture, fails))]
fn search(capture: usize, fails: bool) -> Result<(), Failure> {
    tracing::info!(capture, "searching");
    ragspan::rag::cache_hit("embeddings");
    metrics::counter!("mine_total").increment(1);
    if fails { Err(Failure::Busy) } else { Ok(()) }
}

#[rag_span(layer = "api", context(capture))]
fn answer(capture: usize) {
    ragspan::rag::set_active_connections("pool", capture as u64);
    for at in 0..=capture % 3 {
        search(capture, at == 0).unwrap_or_default();
    }
}

/// Runs the work on the thread of the capture, on one with its subscriber, and on one with its whole context.
fn on_threads(capture: usize) {
    answer(capture);
    let subscriber = get_default(Dispatch::clone);
    let by_subscriber = std::thread::spawn(move || with_default(&subscriber, || answer(capture)));
    let attached = ragspan::task::spawn_thread(move || answer(capture));
    by_subscriber.join().unwrap();
    attached.join().unwrap();
}

async fn in_tasks(capture: usize) {
    let task = |by: &'static str| async move {
        tokio::task::yield_now().await;
        tracing::debug!(capture, by, "a task");
        answer(capture);
    };
    let by_subscriber = tokio::spawn(task("subscriber").with_current_subscriber());
    let attached = ragspan::task::spawn(task("attached"));
    task("itself").await;
    by_subscriber.await.unwrap();
    attached.await.unwrap();
    ragspan::task::spawn_blocking(move || answer(capture))
        .await
        .unwrap();
}

/// The number of calls of `answer`, and of those with the subscriber only.
struct Done {
    answers: usize,
    by_subscriber: usize,
}

/// Checks the records of the capture with this number.
fn look(capture: usize, seen: &Captured, done: &Done) -> Result<(), String> {
    let searches = done.answers * (capture % 3 + 1);
    let foreign = seen
        .records()
        .iter()
        .filter(|record| record["context"]["capture"] != capture);
    let foreign = foreign.count();
    if foreign > 0 {
        return Err(format!(
            "capture {capture} has {foreign} records of others:\n{}",
            seen.tree()
        ));
    }
    let mut messages = BTreeMap::new();
    for message in seen.messages() {
        *messages.entry(message).or_insert(0) += 1;
    }
    let expected = BTreeMap::from([
        ("answer_started", done.answers),
        ("answer_complete", done.answers),
        ("search_started", searches),
        ("searching", searches),
        ("search_failed", done.answers),
        ("search_complete", searches - done.answers),
        ("a task", messages.get("a task").copied().unwrap_or(0)),
    ]);
    let expected: BTreeMap<_, _> = expected
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    if messages != expected {
        return Err(format!(
            "capture {capture} has {messages:?}, not {expected:?}"
        ));
    }
    let failed = [("layer", "retrieval"), ("status", "error")];
    // The `metrics` macros do not use the subscriber.
    let by_macros = (done.answers - done.by_subscriber) * (capture % 3 + 1);
    for (name, labels, value) in [
        ("rag_active_connections", &[("pool", "pool")][..], capture),
        (
            "rag_requests_total",
            &[("layer", "api"), ("status", "success")],
            done.answers,
        ),
        ("rag_requests_total", &failed, done.answers),
        (
            "rag_errors_total",
            &[("error_type", "busy"), ("layer", "retrieval")],
            done.answers,
        ),
        ("rag_cache_hits_total", &[("cache", "embeddings")], searches),
        ("mine_total", &[], by_macros),
    ] {
        let found = seen.metric(name, labels);
        if found != Some(value as f64) {
            return Err(format!(
                "capture {capture} has {found:?} of {name}, not {value}"
            ));
        }
    }
    Ok(())
}

fn on_a_thread(capture: usize, all: &Barrier) -> Result<(), String> {
    all.wait();
    let ((), seen) = ragspan::testing::capture(|| on_threads(capture));
    let done = Done {
        answers: 3,
        by_subscriber: 1,
    };
    look(capture, &seen, &done)
}

async fn in_a_task(capture: usize) -> Result<(), String> {
    let ((), seen) = capture_async(in_tasks(capture)).await;
    let done = Done {
        answers: 4,
        by_subscriber: 1,
    };
    look(capture, &seen, &done)?;
    let by = |by| {
        seen.events("a task")
            .into_iter()
            .filter(|task| task.record()["context"]["by"] == by)
            .count()
    };
    let each = [by("subscriber"), by("attached"), by("itself")];
    if each == [1; 3] {
        Ok(())
    } else {
        Err(format!("capture {capture} has tasks {each:?}"))
    }
}

/// Runs captures concurrently on threads, and as many in tasks of one runtime; returns their problems.
fn round(runtime: &tokio::runtime::Runtime) -> Vec<String> {
    let all = Barrier::new(EACH + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..EACH)
            .map(|at| {
                let all = &all;
                scope.spawn(move || on_a_thread(at, all))
            })
            .collect();
        all.wait();
        let tasks: Vec<_> = (EACH..2 * EACH)
            .map(|at| runtime.spawn(in_a_task(at)))
            .collect();
        let tasks = tasks
            .into_iter()
            .map(|task| runtime.block_on(task).unwrap());
        let threads = threads.into_iter().map(|thread| thread.join().unwrap());
        tasks.chain(threads).filter_map(Result::err).collect()
    })
}

#[test]
fn parallel_captures_are_isolated() {
    let rounds = std::env::var(ROUNDS).map_or(20, |rounds| rounds.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .unwrap();
    for at in 0..rounds {
        let wrong = round(&runtime);
        assert!(wrong.is_empty(), "round {at} of {rounds}: {wrong:#?}");
    }
}

/// The same after `ragspan::start`: the global pipeline has only records from outside of captures.
#[test]
fn a_capture_is_isolated_from_a_started_telemetry() {
    let stdout = succeed(STARTUP, &["captured"]);
    assert_eq!(stdout, "captured 4\nglobal 2\nmine 3\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_with_several_threads_is_captured() {
    let ((), seen) = capture_async(in_tasks(5)).await;
    look(
        5,
        &seen,
        &Done {
            answers: 4,
            by_subscriber: 1,
        },
    )
    .unwrap();
}

#[tokio::test]
async fn values_dropped_with_a_capture_belong_to_it() {
    struct SendsWhenDropped(std::sync::mpsc::Sender<bool>);
    impl Drop for SendsWhenDropped {
        fn drop(&mut self) {
            let is_enabled = tracing::event_enabled!(tracing::Level::INFO);
            self.0.send(is_enabled).unwrap_or_default();
        }
    }
    let (send, receive) = std::sync::mpsc::channel();
    let mut running = Box::pin(Capture::new().run_async(async move {
        let _guard = SendsWhenDropped(send);
        std::future::pending::<()>().await;
    }));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(running.as_mut().poll(&mut context).is_pending());
    drop(running);
    assert_eq!(receive.try_recv(), Ok(true));
}

#[test]
fn a_line_is_the_same_in_every_run() {
    let run = || {
        let capture = Capture::new().at("2026-01-01T00:00:00Z").seed(7);
        capture.run(|| on_threads(1)).1
    };
    // The order in which threads take ids varies, so only the lines of the first call are compared.
    assert_eq!(run().lines()[..8], run().lines()[..8]);
}
