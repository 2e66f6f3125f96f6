//! A call that is cancelled or panics ends once, with the right record, counts and gauge, at any point of its execution.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::Stream;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use ragspan::testing::{Capture, Captured};
use ragspan::{Level, rag_span};
use tokio::time::timeout;

use crate::ends::{End, active, capture_in_runtime, completions, nothing, requests, runtime, seed};
use crate::programs::{ENDS, built, run, succeed};

const CANCELLED: End = End {
    message: "work_cancelled",
    level: "INFO",
    status: "cancelled",
};

const PANICKED: End = End {
    message: "work_panicked",
    level: "ERROR",
    status: "panic",
};

/// Yields this number of times.
async fn turns(count: u32) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

async fn forever() {
    turns(1).await;
    std::future::pending().await
}

#[rag_span(layer = "generation", operation = "work")]
async fn async_fn() {
    forever().await;
}

#[rag_span(layer = "generation", operation = "work")]
fn impl_future() -> impl Future<Output = ()> + Send {
    forever()
}

#[rag_span(layer = "generation", operation = "work")]
fn block() -> impl Future<Output = ()> + Send {
    async move { forever().await }
}

#[rag_span(layer = "generation", operation = "work")]
fn boxed() -> BoxFuture<'static, ()> {
    Box::pin(forever())
}

#[rag_span(layer = "generation", operation = "work")]
fn fallible() -> Result<BoxFuture<'static, ()>, String> {
    Ok(Box::pin(forever()))
}

#[rag_span(layer = "generation", operation = "work")]
async fn making_a_stream() -> impl Stream<Item = u8> + Send {
    forever().await;
    stream::iter([1])
}

type Shape = (&'static str, fn() -> BoxFuture<'static, ()>);

/// The shapes that are a call from their first poll on.
const SHAPES: [Shape; 6] = [
    ("async fn", || Box::pin(async_fn())),
    ("impl Future", || Box::pin(impl_future())),
    ("an async block", || Box::pin(block())),
    ("a boxed future", boxed),
    ("a Result of one", || fallible().unwrap()),
    ("async fn of a stream", || {
        Box::pin(async { drop(making_a_stream().await) })
    }),
];

fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_future_dropped_before_its_first_poll_is_not_a_call() {
    for (shape, make) in SHAPES {
        let (_, seen) = Capture::new().run(|| drop(make()));
        nothing(&seen, "generation", shape);
    }
}

#[test]
fn a_future_dropped_between_polls_is_cancelled() {
    for (shape, make) in SHAPES {
        for polls in 1..4 {
            let (_, seen) = Capture::new().run(|| {
                let mut future = make();
                (0..polls).for_each(|_| assert!(poll(future.as_mut()).is_pending()));
            });
            CANCELLED.is_all_of(&seen, "generation", shape);
        }
    }
}

#[test]
fn the_losing_branch_of_a_select_is_cancelled_and_an_unpolled_one_is_not_a_call() {
    for (shape, make) in SHAPES {
        let (_, seen) = capture_in_runtime(|| async {
            tokio::select! { biased; () = make() => {} () = turns(3) => {} }
        });
        CANCELLED.is_all_of(&seen, "generation", shape);
        let (_, seen) = capture_in_runtime(|| async {
            tokio::select! { biased; () = turns(0) => {} () = make() => {} }
        });
        nothing(&seen, "generation", shape);
    }
}

#[test]
fn a_call_ended_by_a_timeout_is_cancelled() {
    for (shape, make) in SHAPES {
        let ended = async { timeout(Duration::from_millis(1), make()).await.is_err() };
        let (timed_out, seen) = capture_in_runtime(|| ended);
        assert!(timed_out);
        CANCELLED.is_all_of(&seen, "generation", shape);
    }
}

#[test]
fn an_aborted_task_is_cancelled_and_one_that_never_ran_is_not_a_call() {
    for (shape, make) in SHAPES {
        let abort_after = |ran| async move {
            let task = tokio::spawn(make());
            turns(ran).await;
            task.abort();
            task.await.unwrap_err().is_cancelled()
        };
        let (aborted, seen) = capture_in_runtime(|| abort_after(3));
        assert!(aborted);
        CANCELLED.is_all_of(&seen, "generation", shape);
        let (aborted, seen) = capture_in_runtime(|| abort_after(0));
        assert!(aborted);
        nothing(&seen, "generation", shape);
    }
}

#[test]
fn a_call_running_when_the_runtime_ends_is_cancelled() {
    for (shape, make) in SHAPES {
        let (_, seen) = Capture::new().run(|| {
            let runtime = runtime();
            let task = runtime.spawn(make());
            runtime.block_on(turns(3));
            assert!(!task.is_finished());
            drop(runtime);
        });
        CANCELLED.is_all_of(&seen, "generation", shape);
    }
}

/// A value whose drop panics.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the bomb went off");
    }
}

/// The moment of a panic.
#[derive(Clone, Copy, Debug, PartialEq)]
enum When {
    InAPoll,
    /// While the locals are dropped after the last poll.
    AtItsEnd,
    /// While the pending call is dropped with its locals.
    Dropped,
}

async fn panics(when: When) {
    let bomb = Bomb;
    turns(1).await;
    match when {
        When::InAPoll => {
            std::mem::forget(bomb);
            panic!("out of order");
        }
        When::AtItsEnd => drop(bomb),
        When::Dropped => std::future::pending().await,
    }
}

#[rag_span(layer = "generation", operation = "work")]
async fn panicking_async_fn(when: When) {
    panics(when).await;
}

#[rag_span(layer = "generation", operation = "work")]
fn panicking_boxed(when: When) -> BoxFuture<'static, ()> {
    Box::pin(panics(when))
}

#[rag_span(layer = "generation", operation = "work")]
async fn panicking_before_a_stream(when: When) -> impl Stream<Item = u8> + Send {
    panics(when).await;
    stream::iter([1])
}

#[rag_span(layer = "generation", operation = "work")]
fn panicking_stream(when: When) -> impl Stream<Item = ()> + Send {
    stream::once(panics(when))
}

type Panicking = (&'static str, fn(When) -> BoxFuture<'static, ()>);

const PANICKING: [Panicking; 4] = [
    ("async fn", |when| Box::pin(panicking_async_fn(when))),
    ("a boxed future", panicking_boxed),
    ("async fn of a stream", |when| {
        Box::pin(async move { drop(panicking_before_a_stream(when).await) })
    }),
    ("a stream", |when| {
        Box::pin(async move { panicking_stream(when).collect().await })
    }),
];

fn panic_message(seen: &Captured) -> &str {
    let record = seen.record("work_panicked");
    record["error"]["message"].as_str().unwrap()
}

#[test]
fn a_panic_in_a_poll_or_in_the_drop_of_a_local_is_a_panic_of_the_call() {
    let cases = [
        (When::InAPoll, "out of order"),
        (When::AtItsEnd, "the bomb went off"),
        (When::Dropped, "the bomb went off"),
    ];
    for (shape, make) in PANICKING {
        for (when, words) in cases {
            let what = format!("{shape}, {when:?}");
            let (panicked, seen) = Capture::new().run(|| {
                catch_unwind(AssertUnwindSafe(|| {
                    let mut future = make(when);
                    while poll(future.as_mut()).is_pending() && when != When::Dropped {}
                    drop(future);
                }))
                .is_err()
            });
            assert!(panicked, "{what}");
            PANICKED.is_all_of(&seen, "generation", &what);
            assert!(
                panic_message(&seen).starts_with(words),
                "{what}: {}",
                panic_message(&seen)
            );
        }
    }
}

#[test]
fn a_panic_in_a_task_is_a_panic_of_the_call() {
    for (shape, make) in PANICKING {
        let spawned = async { tokio::spawn(make(When::InAPoll)).await.unwrap_err() };
        let (error, seen) = capture_in_runtime(|| spawned);
        assert!(error.is_panic());
        PANICKED.is_all_of(&seen, "generation", shape);
    }
}

#[rag_span(layer = "generation", operation = "work")]
fn plain(bomb: Bomb) -> u8 {
    let _held = bomb;
    7
}

#[test]
fn a_panic_in_the_drop_of_a_plain_functions_local_is_a_panic_of_the_call() {
    let (panicked, seen) = Capture::new().run(|| catch_unwind(|| plain(Bomb)).is_err());
    assert!(panicked);
    PANICKED.is_all_of(&seen, "generation", "a plain function");
}

#[rag_span(layer = "api")]
async fn panics_around_a_call() {
    let mut inner = Box::pin(async_fn());
    assert!(poll(inner.as_mut()).is_pending());
    panic!("out of order");
}

#[test]
fn a_call_dropped_by_another_panic_is_cancelled() {
    let (panicked, seen) = Capture::new().run(|| {
        let mut outer = Box::pin(panics_around_a_call());
        catch_unwind(AssertUnwindSafe(|| poll(outer.as_mut()).is_pending())).is_err()
    });
    assert!(panicked);
    let ended = completions(&seen);
    let messages: Vec<_> = ended.iter().map(|record| &record["message"]).collect();
    assert_eq!(
        messages,
        ["work_cancelled", "panics_around_a_call_panicked"]
    );
    assert_eq!(ended[0]["parent_span_id"], ended[1]["span_id"]);
    for layer in ["generation", "api"] {
        assert_eq!(active(&seen, layer), Some(0.0));
    }
}

/// Polls a call and drops it in a destructor.
struct Cleanup(Shape);

impl Drop for Cleanup {
    fn drop(&mut self) {
        let mut future = self.0.1();
        (0..2).for_each(|_| assert!(poll(future.as_mut()).is_pending()));
    }
}

#[test]
fn a_call_in_a_destructor_during_another_panic_is_cancelled() {
    for shape in SHAPES {
        let panics = || {
            let _cleanup = Cleanup(shape);
            panic!("out of order");
        };
        let (panicked, seen) = Capture::new().run(|| catch_unwind(panics).is_err());
        assert!(panicked);
        CANCELLED.is_all_of(&seen, "generation", shape.0);
    }
}

/// A second panic during unwinding ends the process at once; flushed records are kept.
#[test]
fn a_double_panic_aborts_and_keeps_flushed_records() {
    use std::os::unix::process::ExitStatusExt;
    const SIGABRT: i32 = 6;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.jsonl");
    let output = run(ENDS, &["double-panic", file.to_str().unwrap()]);
    assert_eq!(output.status.signal(), Some(SIGABRT), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let written = std::fs::read_to_string(file).unwrap();
    for lines in [printed, written] {
        let records: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let before: Vec<_> = records
            .iter()
            .map(|record| &record["message"])
            .take(2)
            .collect();
        assert_eq!(before, ["before_complete", "caught_panicked"]);
    }
}

/// Records have paths of packages: neither those of this machine nor those of the machine that compiled the standard library.
#[test]
fn a_panic_is_recorded_without_paths_of_the_build_machine() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("ragspan.db");
    let database = database.to_str().unwrap();
    let mut panicking = std::process::Command::new(ENDS);
    panicking.env("RUST_BACKTRACE", "1");
    let output = panicking.args(["backtrace", database]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let line = String::from_utf8(output.stdout).unwrap();
    let record: serde_json::Value = serde_json::from_str(line.trim()).unwrap();
    let message = record["error"]["message"].as_str().unwrap();
    assert!(message.contains(" (library/core/src/time.rs:"), "{message}");
    let stack_trace = record["stack_trace"].as_str().unwrap();
    let first = stack_trace.lines().next().unwrap();
    assert!(
        first.starts_with("wait_less_than_nothing (tests/src/ends.rs:"),
        "{first}"
    );
    assert!(stack_trace.lines().count() > 3, "{stack_trace}");
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    for folder in ["/rustc/", "registry/src", workspace, "at /", "(/"] {
        assert!(!line.contains(folder), "{folder}: {stack_trace}");
    }
    let ragspan = built("ragspan");
    let why = |more: &[&str]| {
        let asked = [&["--db", database, "why"], more].concat();
        String::from_utf8(run(ragspan.to_str().unwrap(), &asked).stdout).unwrap()
    };
    let (short, whole) = (why(&[]), why(&["--backtrace"]));
    for shown in [
        "path       wait_less_than_nothing (tests/src/ends.rs:",
        "frames     ends::wait_less_than_nothing",
        "all frames: ",
    ] {
        assert!(short.contains(shown), "{shown}: {short}");
    }
    assert!(
        !short.contains("core::panicking") && whole.contains("core::panicking"),
        "{whole}"
    );
}

/// Counts of the bodies of random calls, kept independently of the telemetry.
#[derive(Debug, Default)]
struct Tally {
    begun: AtomicU64,
    succeeded: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    const fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    fn begin(&self) {
        self.begun.fetch_add(1, Relaxed);
    }

    fn end(&self, fails: bool) -> Result<u32, String> {
        if fails {
            self.failed.fetch_add(1, Relaxed);
            return Err("out of luck".to_owned());
        }
        self.succeeded.fetch_add(1, Relaxed);
        Ok(7)
    }

    fn cancelled(&self) -> u64 {
        let ended = self.succeeded.load(Relaxed) + self.failed.load(Relaxed);
        self.begun.load(Relaxed) - ended
    }

    /// Checks that every polled call is counted once, with its status, and that none is running; returns their number.
    fn is_what(&self, seen: &Captured, layer: &str, seed: u64) -> u64 {
        let value = |count: &AtomicU64| count.load(Relaxed);
        let expected = [
            ("success", value(&self.succeeded)),
            ("error", value(&self.failed)),
            ("cancelled", self.cancelled()),
            ("panic", 0),
            ("empty", 0),
        ];
        for (status, count) in expected {
            let counted = requests(seen, layer, status);
            assert_eq!(counted, to_f64(count), "{layer} {status}, seed {seed}");
        }
        assert_eq!(active(seen, layer), Some(0.0), "{layer}, seed {seed}");
        value(&self.begun)
    }
}

fn to_f64(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

static API: Tally = Tally::new();
static DATA: Tally = Tally::new();
static GENERATION: Tally = Tally::new();

/// The behaviour of one random call.
#[derive(Clone, Copy, Debug)]
struct Luck {
    turns: [u32; 3],
    taken: usize,
    fails: bool,
}

#[rag_span(layer = "api", context(turns = luck.turns[0]))]
async fn random_async_fn(luck: Luck) -> Result<u32, String> {
    API.begin();
    turns(luck.turns[0]).await;
    let found = random_boxed(luck).await.is_ok();
    let items = random_stream(luck).take(luck.taken).count().await;
    API.end(luck.fails || (found && items > 9))
}

#[rag_span(layer = "data")]
fn random_boxed(luck: Luck) -> BoxFuture<'static, Result<u32, String>> {
    Box::pin(async move {
        DATA.begin();
        turns(luck.turns[1]).await;
        DATA.end(luck.fails)
    })
}

/// A stream, which is a call from its creation on; it succeeds when it has no item left.
#[rag_span(layer = "generation")]
fn random_stream(luck: Luck) -> impl Stream<Item = u32> {
    GENERATION.begin();
    stream::unfold(0, move |at| async move {
        turns(1).await;
        if at == luck.turns[2] {
            assert!(GENERATION.end(false).is_ok());
            return None;
        }
        Some((at, at + 1))
    })
}

fn luck(random: &mut fastrand::Rng) -> Luck {
    Luck {
        turns: [random.u32(0..3), random.u32(0..3), random.u32(0..3)],
        taken: random.usize(0..4),
        fails: random.bool(),
    }
}

/// Polls one call a random number of times, and drops it.
fn dropped(random: &mut fastrand::Rng) {
    let mut future = Box::pin(random_async_fn(luck(random)));
    for _ in 0..random.u32(0..10) {
        if poll(future.as_mut()).is_ready() {
            break;
        }
    }
}

async fn lost_in_a_select(random: &mut fastrand::Rng) {
    let (luck, others) = (luck(random), random.u32(0..10));
    tokio::select! { _ = random_async_fn(luck) => {} () = turns(others) => {} }
}

async fn aborted(random: &mut fastrand::Rng) {
    let mut tasks = tokio::task::JoinSet::new();
    (0..100).for_each(|_| drop(tasks.spawn(random_async_fn(luck(random)))));
    turns(random.u32(0..10)).await;
    tasks.shutdown().await;
}

#[test]
fn a_hundred_thousand_random_cancellations_leave_the_gauge_at_zero() {
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let (_, seen) = Capture::new().level(Level::Critical).run(|| {
        let runtime = runtime();
        while [&API, &DATA, &GENERATION]
            .map(Tally::cancelled)
            .iter()
            .sum::<u64>()
            < 100_000
        {
            (0..500).for_each(|_| dropped(&mut random));
            runtime.block_on(async {
                aborted(&mut random).await;
                for _ in 0..100 {
                    lost_in_a_select(&mut random).await;
                }
            });
        }
    });
    let calls = API.is_what(&seen, "api", seed);
    let (data, generation) = (
        DATA.is_what(&seen, "data", seed),
        GENERATION.is_what(&seen, "generation", seed),
    );
    assert!(calls > data && data > generation && generation > 10_000);
    let labels = [("operation", "random_async_fn"), ("layer", "api")];
    let timed = seen.metric("rag_request_latency_ms_count", &labels);
    assert_eq!(timed, Some(to_f64(calls)), "seed {seed}");
}

/// The same on four threads with the global pipeline; a fifth thread aborts the tasks.
#[test]
fn random_aborts_on_several_threads_leave_the_gauge_at_zero() {
    let seed = seed();
    let printed = succeed(ENDS, &["aborts", &seed.to_string()]);
    assert!(printed.contains("balanced"), "seed {seed}: {printed}");
}
