//! The place in a request where code runs, to run other code there.

use tracing::dispatcher::with_default;
use tracing::span::Id;
use tracing::{Dispatch, Span};

use super::future::WithContext;
use crate::dispatch::{self, Carried};

/// The place in a request where this code runs: what runs there later, on whichever thread, is part of the same request and
/// stands below the same call.
///
/// It keeps the span of that call open for other layers, so it is to be dropped when it has served; to look at ids and fields
/// there is [`Context`](crate::Context).
///
/// ```
/// use ragspan::task::ContextHandle;
/// use ragspan::rag_span;
///
/// #[rag_span(layer = "ingestion")]
/// fn index(pages: &[&str]) -> usize {
///     let here = ContextHandle::current();
///     std::thread::scope(|threads| {
///         let all: Vec<_> = pages.iter().map(|page| threads.spawn(|| here.run(|| chunk(page)))).collect();
///         all.into_iter().map(|thread| thread.join().unwrap()).sum()
///     })
/// }
///
/// #[rag_span(layer = "ingestion")]
/// fn chunk(page: &str) -> usize {
///     page.len()
/// }
///
/// let (_, seen) = ragspan::testing::capture(|| index(&["one", "two"]));
/// let parent = &seen.record("index_complete")["span_id"];
/// let chunks = seen.records().iter().filter(|record| record["message"] == "chunk_complete");
/// assert_eq!(chunks.filter(|record| record["parent_span_id"] == *parent).count(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct ContextHandle {
    span: Span,
    carried: Carried,
}

impl ContextHandle {
    /// The place where this code runs.
    #[must_use]
    pub fn current() -> Self {
        Self {
            span: Span::current(),
            carried: dispatch::carry(),
        }
    }

    /// Runs `body` here. As often as is wanted, on several threads at once too.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> R {
        let _carried = self.carried.enter();
        self.span.in_scope(|| match self.is_reached() {
            true => body(),
            false => self.passage().in_scope(body),
        })
    }

    /// Whether the thread is at this place now. One that is inside of a span already does not enter it anew, the registry stays with the
    /// innermost; and a place outside of all spans has none to enter.
    fn is_reached(&self) -> bool {
        let at_it = |(id, subscriber): (&Id, &Dispatch)| subscriber.current_span().id() == Some(id);
        let reached = self.span.with_subscriber(at_it);
        reached.unwrap_or_else(|| Span::current().is_none())
    }

    /// A span that can be entered anywhere and leads to this place: what runs inside it finds its call above. Of level ERROR,
    /// as a scope is, so that no filter closes it.
    fn passage(&self) -> Span {
        let below = |(id, subscriber): (&Id, &Dispatch)| {
            let id = id.clone();
            with_default(subscriber, || tracing::error_span!(parent: id, "context"))
        };
        let span = self.span.with_subscriber(below);
        span.unwrap_or_else(|| tracing::error_span!(parent: None, "context"))
    }

    /// Lets `future` run here, wherever it is polled.
    pub fn wrap_future<F: Future>(&self, future: F) -> WithContext<F> {
        WithContext::new(self.clone(), future)
    }
}

/// A closure that runs `body` where this code runs now: for a pool of threads, or a callback without arguments.
///
/// ```
/// # #[ragspan::rag_span(layer = "data")]
/// # fn load() {}
/// #[ragspan::rag_span(layer = "api")]
/// fn answer() {
///     let load = ragspan::task::wrap(load);
///     std::thread::spawn(load).join().unwrap();
/// }
///
/// let (_, seen) = ragspan::testing::capture(answer);
/// assert_eq!(seen.record("load_complete")["trace_id"], seen.record("answer_complete")["trace_id"]);
/// ```
pub fn wrap<R>(body: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let here = ContextHandle::current();
    move || here.run(body)
}

/// The same for a closure that takes a value and is called as often as is wanted, from several threads at once if it can be: for a
/// parallel iterator, or a callback.
///
/// ```
/// # #[ragspan::rag_span(layer = "ingestion")]
/// # fn embed(text: &str) -> usize { text.len() }
/// # #[ragspan::rag_span(layer = "ingestion")]
/// # fn index(texts: &[&str]) -> usize {
/// // With rayon: texts.par_iter().map(ragspan::task::wrap_fn(|text| embed(text))).sum()
/// texts.iter().map(ragspan::task::wrap_fn(|text: &&str| embed(text))).sum()
/// # }
/// # let (sum, seen) = ragspan::testing::capture(|| index(&["a", "b"]));
/// # assert_eq!((sum, seen.records().len()), (2, 6));
/// ```
pub fn wrap_fn<A, R>(body: impl Fn(A) -> R) -> impl Fn(A) -> R {
    let here = ContextHandle::current();
    move |argument| here.run(|| body(argument))
}

/// Lets `future` run where this code runs now, wherever it is polled: for what spawns by itself, as a `JoinSet` does.
///
/// ```
/// # #[ragspan::rag_span(layer = "retrieval")]
/// # async fn search(_: u8) {}
/// #[ragspan::rag_span(layer = "api")]
/// async fn answer() {
///     let mut searches = tokio::task::JoinSet::new();
///     for shard in 0..3 {
///         searches.spawn(ragspan::task::with_current_context(search(shard)));
///     }
///     searches.join_all().await;
/// }
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # let (_, seen) = runtime.block_on(ragspan::testing::capture_async(answer()));
/// # let parent = &seen.record("answer_complete")["span_id"];
/// # let below = seen.records().iter().filter(|record| record["parent_span_id"] == *parent);
/// # assert_eq!(below.count(), 6);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn with_current_context<F: Future>(future: F) -> WithContext<F> {
    ContextHandle::current().wrap_future(future)
}
