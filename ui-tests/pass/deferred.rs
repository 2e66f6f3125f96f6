//! A call to a function that returns a future or a stream lasts until that ends, in every kind of box and wrapper.
#![deny(warnings)]

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use ragspan::rag_span;
use ragspan::testing::capture;

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;

/// Yields these items, and is pending once before each.
struct Items<T>(Vec<T>, bool);

fn items<T>(items: impl IntoIterator<Item = T>) -> Items<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    items.reverse();
    Items(items, false)
}

impl<T: Unpin> Stream for Items<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        self.1 = !self.1;
        if self.1 {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.0.pop())
    }
}

#[rag_span(layer = "data", context(n), ok(|n| twice = n * 2))]
fn opaque(n: u8) -> impl Future<Output = u8> + Send {
    async move { n }
}

#[rag_span(layer = "data", context(text))]
fn static_of_borrowed(text: &str) -> impl Future<Output = usize> + use<> {
    let owned = text.to_owned();
    async move { owned.len() }
}

#[rag_span(layer = "data")]
fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = &'a str> + Send + 'a>> {
    Box::pin(async move { text })
}

#[rag_span(layer = "data")]
fn boxed_error(fails: bool) -> BoxFuture<'static, Result<u8, Box<dyn std::error::Error>>> {
    Box::pin(async move {
        if fails {
            return Err("failed".into());
        }
        let n: u8 = "7".parse()?;
        Ok(n)
    })
}

#[rag_span(layer = "data")]
fn one_of(two: bool) -> BoxFuture<'static, u8> {
    let first = u8::from(two);
    if two { Box::pin(async move { first + 1 }) } else { Box::pin(std::future::ready(first)) }
}

#[rag_span(layer = "data", ok(|n: &u8| n = *n))]
fn unpinned() -> Box<dyn Future<Output = u8> + Unpin> {
    Box::new(std::future::ready(3))
}

#[rag_span(layer = "data")]
fn maybe(there: bool) -> Option<BoxFuture<'static, u8>> {
    there.then(|| -> BoxFuture<'static, u8> { Box::pin(async { 1 }) })
}

#[rag_span(layer = "generation")]
fn stream(n: u8) -> impl Stream<Item = u8> {
    items(0..n)
}

#[rag_span(layer = "generation", empty)]
fn boxed_stream<'a>(list: &'a [u8]) -> BoxStream<'a, &'a u8> {
    Box::pin(items(list))
}

#[rag_span(layer = "generation", context(n), err(level = "warning"))]
fn fallible(n: u8) -> Result<Pin<Box<dyn Stream<Item = Result<u8, String>> + Send>>, Infallible> {
    Ok(Box::pin(items([Ok(n), Err("late".to_owned()), Ok(n)])))
}

#[rag_span(layer = "generation")]
fn opaque_in_result(fails: bool) -> Result<impl Stream<Item = u8>, String> {
    if fails {
        return Err("refused".to_owned());
    }
    Ok(items(0..2))
}

#[rag_span(layer = "generation")]
async fn from_async(mut lines: Vec<String>) -> Result<impl Stream<Item = String>, String> {
    lines.push(String::from("end"));
    if lines.len() > 9 {
        return Err("too long".to_owned());
    }
    std::future::ready(()).await;
    Ok(items(lines))
}

struct Model(u8);

impl Model {
    #[rag_span(layer = "generation", context(n = self.0))]
    fn tokens(&self) -> impl Stream<Item = u8> + Send + '_ {
        items(0..self.0)
    }

    #[rag_span(layer = "generation", context(n = self.0))]
    fn answer(&mut self) -> BoxFuture<'_, &mut Self> {
        self.0 += 1;
        Box::pin(async move { self })
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

fn drain<S: Stream>(stream: S) -> Vec<S::Item> {
    let mut stream = pin!(stream);
    let mut all = Vec::new();
    loop {
        match stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(item)) => all.push(item),
            Poll::Ready(None) => return all,
            Poll::Pending => {}
        }
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

/// Runs the code and returns its value and the messages of its records at INFO and above.
fn run<R>(body: impl FnOnce() -> R) -> (R, Vec<String>) {
    let (value, seen) = capture(body);
    let active = seen.metric("rag_active_queries", &[("layer", "data")]);
    assert!(active.is_none_or(|active| active == 0.0));
    let records = seen.records().iter().filter(|record| record["level"] != "DEBUG");
    (value, records.map(|record| record["message"].as_str().unwrap().to_owned()).collect())
}

fn main() {
    let (value, seen) = capture(|| wait(is_send(opaque(3))));
    assert_eq!(value, 3);
    let record = seen.record("opaque_complete");
    assert_eq!((&record["context"]["n"], &record["context"]["twice"]), (&3.into(), &6.into()));

    assert_eq!(run(|| wait(static_of_borrowed("four"))).0, 4);
    assert_eq!(run(|| wait(boxed("text"))), ("text", vec!["boxed_complete".to_owned()]));
    assert_eq!(run(|| wait(boxed_error(false)).is_ok()).1, ["boxed_error_complete"]);
    assert_eq!(run(|| wait(boxed_error(true)).is_ok()).1, ["boxed_error_failed"]);
    assert_eq!(run(|| wait(one_of(true))).0, 2);
    assert_eq!(run(|| wait(one_of(false))).1, ["one_of_complete"]);
    assert_eq!(run(|| wait(unpinned())).1, ["unpinned_complete"]);
    assert_eq!(run(|| maybe(true).map(wait)).1, ["maybe_complete"]);
    assert_eq!(run(|| maybe(false).is_none()).1, ["maybe_complete"]);
    assert_eq!(run(|| drop(boxed("never polled"))).1, Vec::<String>::new());

    let (all, seen) = capture(|| drain(is_send(stream(3))));
    assert_eq!(all, [0, 1, 2]);
    let record = seen.record("stream_complete");
    assert_eq!(record["metrics"]["items"], 3);
    assert!(record["metrics"]["time_to_first_item_ms"].is_number());
    assert_eq!(seen.record("stream_first_item")["level"], "DEBUG");

    assert_eq!(run(|| drain(boxed_stream(&[1, 2]))).1, ["boxed_stream_complete"]);
    assert_eq!(run(|| drain(boxed_stream(&[])).len()).1, ["boxed_stream_empty"]);
    let (all, seen) = capture(|| drain(fallible(7).unwrap()));
    assert_eq!(all, [Ok(7), Err("late".to_owned()), Ok(7)]);
    assert_eq!(seen.record("fallible_failed")["level"], "WARNING");
    assert_eq!(seen.record("fallible_failed")["metrics"]["items"], 2);
    assert_eq!(run(|| opaque_in_result(true).is_err()).1, ["opaque_in_result_failed"]);
    assert_eq!(run(|| drain(opaque_in_result(false).unwrap())).0, [0, 1]);
    assert_eq!(run(|| drop(stream(3))).1, ["stream_cancelled"]);
    let (all, messages) = run(|| drain(wait(from_async(vec![String::from("a")])).unwrap()));
    assert_eq!((all.len(), messages), (2, vec!["from_async_complete".to_owned()]));

    let mut model = Model(2);
    assert_eq!(run(|| drain(model.tokens()).len()).0, 2);
    assert_eq!(run(|| wait(model.answer()).0).0, 3);
}
