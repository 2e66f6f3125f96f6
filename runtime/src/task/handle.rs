//! A handle to the current context, which runs other code in that context.

use tracing::dispatcher::with_default;
use tracing::span::Id;
use tracing::{Dispatch, Span};

use super::future::WithContext;
use crate::dispatch::CapturedPipeline;
use crate::trace::thread;

/// A handle to the context of the code that created it: the request and the enclosing annotated call.
///
/// Code that the handle runs, later and on any thread, belongs to the same request, and its calls are children of the
/// same call. The handle keeps the span of that call open for other layers, so drop it when it is no longer needed. To
/// read ids and fields use [`Context`](crate::Context).
///
/// ```
/// use ragspan::task::ContextHandle;
/// use ragspan::rag_span;
///
/// #[rag_span(layer = "ingestion")]
/// fn index(pages: &[&str]) -> usize {
///     let context = ContextHandle::current();
///     std::thread::scope(|threads| {
///         let all: Vec<_> = pages.iter().map(|page| threads.spawn(|| context.run(|| chunk(page)))).collect();
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
    pipeline: CapturedPipeline,
}

impl ContextHandle {
    /// Returns a handle to the current context.
    #[must_use]
    pub fn current() -> Self {
        Self {
            span: Span::current(),
            pipeline: CapturedPipeline::current(),
        }
    }

    /// Runs `body` in this context. Can be called many times, and on several threads at once. On a thread that drops
    /// its thread-locals, `body` runs without the context.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> R {
        let _guard = self.pipeline.enter();
        if thread::is_ending() {
            return body();
        }
        self.span.in_scope(|| match self.is_current() {
            true => body(),
            false => self.child_span().in_scope(body),
        })
    }

    /// Returns whether the span, now entered, is the thread's current one. It is not if the thread was inside the span
    /// already, since the registry does not enter a span twice and another span may be the innermost. A handle that was
    /// created outside all spans has no span to enter; its context is current if the thread has no current span.
    fn is_current(&self) -> bool {
        let is_innermost =
            |(id, subscriber): (&Id, &Dispatch)| subscriber.current_span().id() == Some(id);
        let innermost = self.span.with_subscriber(is_innermost);
        innermost.unwrap_or_else(|| Span::current().is_none())
    }

    /// Returns a new child of the span, or a root span if there is none. It can be entered on any thread, and code
    /// inside it finds the call of this context above it. Its level is ERROR, like that of a scope, so that no filter
    /// disables it.
    fn child_span(&self) -> Span {
        let child = |(id, subscriber): (&Id, &Dispatch)| {
            let id = id.clone();
            with_default(subscriber, || {
                thread::open_span(|| tracing::error_span!(parent: id, "context"))
            })
        };
        let span = self.span.with_subscriber(child);
        span.unwrap_or_else(|| thread::open_span(|| tracing::error_span!(parent: None, "context")))
    }

    /// Returns a future that runs `future` in this context, wherever it is polled.
    pub fn wrap_future<F: Future>(&self, future: F) -> WithContext<F> {
        WithContext::new(self.clone(), future)
    }
}

/// Returns a closure that runs `body` in the current context: for a thread pool, or a callback without arguments.
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
    let handle = ContextHandle::current();
    move || handle.run(body)
}

/// Returns a closure that passes its argument to `body`, and runs it in the current context: for a parallel iterator,
/// or a callback. It can be called many times, and from several threads at once if `body` can.
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
    let handle = ContextHandle::current();
    move |argument| handle.run(|| body(argument))
}

/// Returns a future that runs `future` in the current context, wherever it is polled: for a type that spawns tasks
/// itself, such as a `JoinSet`.
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
