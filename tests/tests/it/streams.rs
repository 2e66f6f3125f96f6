//! A stream is one call, from the call of its function to its last item, its first error or its drop.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::future;
use futures_util::stream::{self, BoxStream, FusedStream, Stream, StreamExt};
use ragspan::rag_span;
use ragspan::testing::{Capture, Captured};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::ends::{End, active, capture_in_runtime, completions, requests, runtime};

/// The next step of a source.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Item(u32),
    Fail(&'static str),
    /// Returns `Pending` once.
    Wait,
    Hang,
}

use Step::{Fail, Hang, Item, Wait};

type Answer = Result<u32, String>;

fn source(steps: Vec<Step>) -> impl Stream<Item = Answer> + Send + 'static {
    stream::iter(steps).filter_map(|step| async move {
        match step {
            Item(number) => Some(Ok(number)),
            Fail(words) => Some(Err(words.to_owned())),
            Wait => {
                tokio::task::yield_now().await;
                None
            }
            Hang => future::pending().await,
        }
    })
}

#[rag_span(layer = "generation", operation = "tokens")]
fn opaque(steps: Vec<Step>) -> impl Stream<Item = Answer> + Send + 'static {
    source(steps)
}

#[rag_span(layer = "generation", operation = "tokens")]
fn boxed(steps: Vec<Step>) -> BoxStream<'static, Answer> {
    source(steps).boxed()
}

#[rag_span(layer = "generation", operation = "tokens")]
fn in_a_result(steps: Vec<Step>) -> Result<impl Stream<Item = Answer> + Send + 'static, String> {
    Ok(source(steps))
}

#[rag_span(layer = "generation", operation = "tokens")]
fn in_an_option(steps: Vec<Step>) -> Option<BoxStream<'static, Answer>> {
    Some(source(steps).boxed())
}

#[rag_span(layer = "generation", operation = "tokens")]
async fn async_fn(steps: Vec<Step>) -> impl Stream<Item = Answer> + Send + 'static {
    tokio::task::yield_now().await;
    source(steps)
}

#[rag_span(layer = "generation", operation = "tokens")]
async fn async_result(steps: Vec<Step>) -> Result<BoxStream<'static, Answer>, String> {
    tokio::task::yield_now().await;
    Ok(source(steps).boxed())
}

type Items = BoxStream<'static, Answer>;
type Shape = (&'static str, fn(Vec<Step>) -> Items);

const SHAPES: [Shape; 6] = [
    ("impl Stream", |steps| opaque(steps).boxed()),
    ("a boxed stream", boxed),
    ("a Result of one", |steps| {
        in_a_result(steps).unwrap().boxed()
    }),
    ("an Option of one", |steps| in_an_option(steps).unwrap()),
    ("async fn of one", |steps| {
        stream::once(async_fn(steps)).flatten().boxed()
    }),
    ("async fn of a Result", |steps| {
        let opened = async { async_result(steps).await.unwrap() };
        stream::once(opened).flatten().boxed()
    }),
];

const COMPLETE: End = End {
    message: "tokens_complete",
    level: "INFO",
    status: "success",
};
const CANCELLED: End = End {
    message: "tokens_cancelled",
    level: "INFO",
    status: "cancelled",
};
const FAILED: End = End {
    message: "tokens_failed",
    level: "ERROR",
    status: "error",
};

/// Checks that the record, the metrics and the record of the first item agree on the number of items.
fn has_items(record: &Value, seen: &Captured, items: u64, what: &str) {
    let metrics = &record["metrics"];
    assert_eq!(metrics["items"], items, "{what}");
    let timed = metrics["time_to_first_item_ms"].is_number();
    assert_eq!(timed, items > 0, "{what}");
    let labels = [("operation", "tokens"), ("layer", "generation")];
    let counted = seen.metric("rag_time_to_first_item_ms_count", &labels);
    assert_eq!(counted, (items > 0).then_some(1.0), "{what}");
    let firsts = seen.messages();
    let firsts = firsts
        .iter()
        .filter(|message| **message == "tokens_first_item");
    assert_eq!(firsts.count(), usize::from(items > 0), "{what}");
}

#[test]
fn a_stream_is_complete_with_its_last_item() {
    for (shape, open) in SHAPES {
        let steps = vec![Item(1), Wait, Item(2), Item(3)];
        let (items, seen) = capture_in_runtime(|| open(steps).collect::<Vec<_>>());
        assert_eq!(items, [Ok(1), Ok(2), Ok(3)]);
        let record = COMPLETE.is_all_of(&seen, "generation", shape);
        has_items(record, &seen, 3, shape);
    }
}

#[test]
fn a_stream_without_an_item_is_complete() {
    for (shape, open) in SHAPES {
        let (items, seen) = capture_in_runtime(|| open(vec![Wait]).count());
        assert_eq!(items, 0);
        let record = COMPLETE.is_all_of(&seen, "generation", shape);
        has_items(record, &seen, 0, shape);
    }
}

#[rag_span(layer = "generation", operation = "tokens", empty)]
fn asks_for_items(steps: Vec<Step>) -> impl Stream<Item = Answer> + Send + 'static {
    source(steps)
}

#[rag_span(layer = "generation", operation = "tokens", empty)]
async fn asks_for_items_later(steps: Vec<Step>) -> Option<BoxStream<'static, Answer>> {
    (!steps.is_empty()).then(|| source(steps).boxed())
}

#[test]
fn a_stream_without_an_item_is_empty_if_the_annotation_asks() {
    let empty = End {
        message: "tokens_empty",
        level: "WARNING",
        status: "empty",
    };
    let (_, seen) = capture_in_runtime(|| asks_for_items(vec![]).count());
    has_items(
        empty.is_all_of(&seen, "generation", "empty"),
        &seen,
        0,
        "empty",
    );
    let (_, seen) = capture_in_runtime(|| async {
        asks_for_items_later(vec![Wait])
            .await
            .unwrap()
            .count()
            .await
    });
    has_items(
        empty.is_all_of(&seen, "generation", "later"),
        &seen,
        0,
        "later",
    );
    let (absent, seen) =
        capture_in_runtime(|| async { asks_for_items_later(vec![]).await.is_none() });
    assert!(absent);
    empty.is_all_of(&seen, "generation", "without a stream");
    let (_, seen) = capture_in_runtime(|| asks_for_items(vec![Item(1)]).count());
    COMPLETE.is_all_of(&seen, "generation", "with an item");
}

#[test]
fn the_first_error_ends_the_call_and_later_items_still_arrive() {
    for (shape, open) in SHAPES {
        let steps = vec![Item(1), Wait, Item(2), Fail("reset"), Item(3), Fail("away")];
        let (items, seen) = capture_in_runtime(|| open(steps).collect::<Vec<_>>());
        let (reset, away) = (Err("reset".to_owned()), Err("away".to_owned()));
        assert_eq!(items, [Ok(1), Ok(2), reset, Ok(3), away]);
        let record = FAILED.is_all_of(&seen, "generation", shape);
        assert_eq!(record["error"]["message"], "reset");
        has_items(record, &seen, 3, shape);
        let labels = [("error_type", "String"), ("layer", "generation")];
        assert_eq!(seen.metric("rag_errors_total", &labels), Some(1.0));
    }
}

#[test]
fn a_stream_that_is_dropped_half_way_is_cancelled() {
    for (shape, open) in SHAPES {
        let steps = vec![Item(1), Item(2), Hang];
        let (_, seen) = capture_in_runtime(|| async {
            let mut items = open(steps);
            assert_eq!(items.next().await, Some(Ok(1)));
            assert_eq!(items.next().await, Some(Ok(2)));
        });
        let record = CANCELLED.is_all_of(&seen, "generation", shape);
        has_items(record, &seen, 2, shape);
    }
}

#[test]
fn a_stream_that_is_dropped_with_its_runtime_is_cancelled() {
    for (shape, open) in SHAPES {
        let (_, seen) = Capture::new().run(|| {
            let runtime = runtime();
            let task = runtime.spawn(open(vec![Item(1), Hang]).count());
            runtime.block_on(async {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
            });
            drop((runtime, task));
        });
        let record = CANCELLED.is_all_of(&seen, "generation", shape);
        has_items(record, &seen, 1, shape);
    }
}

#[rag_span(layer = "generation", operation = "tokens")]
fn endless() -> impl FusedStream<Item = u32> {
    stream::repeat(7)
}

#[test]
fn an_endless_stream_is_cancelled_with_its_item_count() {
    let (taken, seen) = capture_in_runtime(|| async { endless().take(10_000).count().await });
    assert_eq!(taken, 10_000);
    let record = CANCELLED.is_all_of(&seen, "generation", "endless");
    has_items(record, &seen, 10_000, "endless");
}

#[test]
fn a_stream_that_was_never_polled_is_cancelled_without_an_item() {
    for (shape, open) in SHAPES.iter().take(4) {
        let (_, seen) = Capture::new().run(|| drop(open(vec![Item(1)])));
        let record = CANCELLED.is_all_of(&seen, "generation", shape);
        has_items(record, &seen, 0, shape);
    }
}

/// A stream that waits in the first task is woken in the second.
#[test]
fn a_stream_that_two_tasks_poll_in_turn_is_one_call() {
    let (_, seen) = capture_in_runtime(|| async {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut items = received(receiver);
        sender.send(1).unwrap();
        let first = tokio::spawn(async move {
            assert_eq!(items.next().await, Some(1));
            let pending = future::poll_fn(|context| Poll::Ready(items.poll_next_unpin(context)));
            assert!(pending.await.is_pending());
            items
        });
        let mut items = first.await.unwrap();
        let second = tokio::spawn(async move {
            assert_eq!(items.next().await, Some(2));
            assert_eq!(items.next().await, None);
        });
        tokio::task::yield_now().await;
        sender.send(2).unwrap();
        drop(sender);
        second.await.unwrap();
    });
    let record = COMPLETE.is_all_of(&seen, "generation", "two tasks");
    has_items(record, &seen, 2, "two tasks");
}

#[rag_span(layer = "generation", operation = "tokens")]
fn received(mut receiver: mpsc::UnboundedReceiver<u32>) -> BoxStream<'static, u32> {
    stream::poll_fn(move |context| receiver.poll_recv(context)).boxed()
}

/// A span moves with the stream: the thread that polls need not be the one that called.
#[test]
fn a_stream_that_two_threads_poll_in_turn_is_one_call() {
    let (_, seen) = Capture::new().run(|| {
        let mut items = opaque(vec![Item(1), Item(2)]).boxed();
        let mut next = || {
            let polled = items
                .as_mut()
                .poll_next(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_ready());
            polled
        };
        assert_eq!(next(), Poll::Ready(Some(Ok(1))));
        std::thread::scope(|scope| scope.spawn(&mut next).join().map(drop)).unwrap();
        assert_eq!(next(), Poll::Ready(None));
    });
    let record = COMPLETE.is_all_of(&seen, "generation", "two threads");
    has_items(record, &seen, 2, "two threads");
}

#[rag_span(layer = "data")]
fn look_up(number: u32) -> u32 {
    number
}

#[rag_span(layer = "generation", operation = "tokens")]
fn producing() -> impl Stream<Item = u32> {
    tracing::info!("calling");
    stream::iter([1, 2]).map(|number| {
        tracing::info!(number, "producing");
        look_up(number)
    })
}

#[rag_span(layer = "api")]
async fn consume() {
    let mut items = pin!(producing());
    while let Some(number) = items.next().await {
        tracing::info!(number, "consuming");
    }
}

#[test]
fn code_of_the_stream_is_inside_its_span_and_code_of_the_consumer_is_not() {
    let (_, seen) = capture_in_runtime(consume);
    let (stream, consumer) = (
        seen.record("tokens_complete"),
        seen.record("consume_complete"),
    );
    assert_eq!(stream["parent_span_id"], consumer["span_id"]);
    assert_eq!(seen.record("calling")["span_id"], stream["span_id"]);
    let of = |message| {
        let records = seen.records().iter();
        records.filter(move |record| record["message"] == message)
    };
    assert!(of("producing").all(|record| record["span_id"] == stream["span_id"]));
    assert!(of("look_up_complete").all(|record| record["parent_span_id"] == stream["span_id"]));
    assert!(of("consuming").all(|record| record["span_id"] == consumer["span_id"]));
    let counts = ["producing", "look_up_complete", "consuming"].map(|message| of(message).count());
    assert_eq!(counts, [2, 2, 2]);
}

#[test]
fn a_timeout_of_the_next_item_fires_and_the_stream_continues() {
    for (shape, open) in SHAPES {
        let (_, seen) = capture_in_runtime(|| async {
            let mut items = open(vec![Item(1), Hang]);
            assert_eq!(items.next().await, Some(Ok(1)));
            for _ in 0..2 {
                let next = timeout(Duration::from_millis(1), items.next()).await;
                assert!(next.is_err(), "{shape}");
            }
        });
        let record = CANCELLED.is_all_of(&seen, "generation", shape);
        has_items(record, &seen, 1, shape);
    }
}

/// Counts its polls; every second poll is pending.
struct Polled(Arc<AtomicUsize>);

impl Stream for Polled {
    type Item = usize;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<usize>> {
        let before = self.0.fetch_add(1, Relaxed);
        if before.is_multiple_of(2) {
            return Poll::Ready((before < 6).then_some(before));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (2, Some(5))
    }
}

#[rag_span(layer = "generation", operation = "tokens")]
fn polled(count: Arc<AtomicUsize>) -> impl Stream<Item = usize> {
    Polled(count)
}

#[test]
fn a_poll_polls_the_body_once_and_size_hints_are_forwarded() {
    let count = Arc::<AtomicUsize>::default();
    let (_, seen) = Capture::new().run(|| {
        let mut items = pin!(polled(Arc::clone(&count)));
        assert_eq!(items.size_hint(), (2, Some(5)));
        for polls in 1..=7 {
            let next = items
                .as_mut()
                .poll_next(&mut Context::from_waker(Waker::noop()));
            assert_eq!(count.load(Relaxed), polls);
            assert_eq!(next.is_pending(), polls % 2 == 0);
        }
    });
    let record = COMPLETE.is_all_of(&seen, "generation", "polls");
    has_items(record, &seen, 3, "polls");
    let (_, seen) = Capture::new().run(|| assert!(!endless().is_terminated()));
    CANCELLED.is_all_of(&seen, "generation", "terminated");
}

#[rag_span(layer = "generation", operation = "tokens")]
fn refused() -> Result<BoxStream<'static, u32>, String> {
    Err("no key".to_owned())
}

#[rag_span(layer = "generation", operation = "tokens")]
async fn refused_later() -> Result<BoxStream<'static, u32>, String> {
    tokio::task::yield_now().await;
    Err("no key".to_owned())
}

#[test]
fn a_function_that_returns_no_stream_ends_with_its_error() {
    let (_, seen) = Capture::new().run(|| assert!(refused().is_err()));
    FAILED.is_all_of(&seen, "generation", "refused");
    let (_, seen) = capture_in_runtime(|| async { assert!(refused_later().await.is_err()) });
    let record = FAILED.is_all_of(&seen, "generation", "refused later");
    assert!(record["metrics"]["items"].is_null());
}

#[rag_span(layer = "generation", operation = "tokens")]
fn panicking() -> impl Stream<Item = u32> {
    stream::iter([1, 2]).inspect(|number| assert!(*number < 2, "two is too much"))
}

#[rag_span(layer = "generation")]
fn outer() -> impl Stream<Item = Answer> {
    opaque(vec![Item(1), Item(2)]).map(|item| item)
}

#[test]
fn a_stream_over_another_is_one_request_and_two_calls() {
    let (_, seen) = capture_in_runtime(|| async { outer().count().await });
    let ended = completions(&seen);
    let messages: Vec<_> = ended.iter().map(|record| &record["message"]).collect();
    assert_eq!(messages, ["tokens_complete", "outer_complete"]);
    assert_eq!(ended[0]["parent_span_id"], ended[1]["span_id"]);
    assert_eq!(requests(&seen, "generation", "success"), 1.0);
    assert_eq!(active(&seen, "generation"), Some(0.0));
}

#[test]
fn a_panic_in_a_poll_is_a_panic_of_the_call() {
    let panicked = End {
        message: "tokens_panicked",
        level: "ERROR",
        status: "panic",
    };
    let task = async { tokio::task::LocalSet::new().run_until(spawned()).await };
    let (_, seen) = capture_in_runtime(|| task);
    let record = panicked.is_all_of(&seen, "generation", "panicking");
    has_items(record, &seen, 1, "panicking");
}

async fn spawned() {
    let task = tokio::task::spawn_local(async { panicking().count().await });
    assert!(task.await.unwrap_err().is_panic());
}
