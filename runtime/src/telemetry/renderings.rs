//! Renders the metrics for scrapes on a thread of its own, so that no number of series keeps the worker from deliveries.
//!
//! One rendering runs at a time. Scrapes that arrive meanwhile wait, and those of one format share the next rendering,
//! so that each sees what was counted before it. Clients that read slowly hold a bounded number of bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hyper::body::Bytes;
use tokio::sync::oneshot;

use super::connections::Connection;
use crate::metrics::ExpositionFormat;

/// The most bytes of renderings that clients are still reading when another one is sent.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;

type Render = Box<dyn Fn(ExpositionFormat) -> String + Send + Sync>;

/// The renderings that run, wait, and are being read.
pub(super) struct Renderings(Arc<Shared>);

struct Shared {
    render: Render,
    state: Mutex<ScrapeQueue>,
}

#[derive(Default)]
struct ScrapeQueue {
    waiting: Vec<Scrape>,
    is_running: bool,
    /// Oldest first.
    held: VecDeque<HeldRendering>,
}

/// A scrape that waits for a rendering.
struct Scrape {
    format: ExpositionFormat,
    connection: Weak<Connection>,
    done: oneshot::Sender<Bytes>,
}

/// A rendering that connections may still be reading.
struct HeldRendering {
    bytes: usize,
    readers: Vec<Weak<Connection>>,
}

impl HeldRendering {
    fn is_read(&self) -> bool {
        self.readers.iter().any(|reader| reader.strong_count() > 0)
    }

    fn cut(&self) {
        let readers = self.readers.iter().filter_map(Weak::upgrade);
        readers.for_each(|reader| reader.cut());
    }
}

impl Renderings {
    pub(super) fn new(render: impl Fn(ExpositionFormat) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            render: Box::new(render),
            state: Mutex::default(),
        }))
    }

    /// Returns a rendering that began after this call, or `None` if the system gives no thread for it.
    pub(super) async fn render(
        &self,
        format: ExpositionFormat,
        connection: &Arc<Connection>,
    ) -> Option<Bytes> {
        let (done, rendered) = oneshot::channel();
        let connection = Arc::downgrade(connection);
        self.enqueue(Scrape {
            format,
            connection,
            done,
        });
        rendered.await.ok()
    }

    /// Adds a scrape, and starts the thread unless it runs.
    fn enqueue(&self, scrape: Scrape) {
        let mut state = self.0.state();
        state.waiting.push(scrape);
        if !state.is_running {
            let shared = Arc::clone(&self.0);
            let thread = std::thread::Builder::new().name("ragspan-metrics".to_owned());
            state.is_running = thread.spawn(move || shared.run()).is_ok();
        }
        if !state.is_running {
            state.waiting.clear();
        }
    }
}

impl Shared {
    /// Renders until no scrape waits.
    fn run(&self) {
        let _guard = EndOnPanic(self);
        while let Some((format, scrapes)) = self.take() {
            let body = Bytes::from((self.render)(format));
            self.hold(&body, &scrapes);
            for scrape in scrapes {
                // The client may have disconnected.
                let _received = scrape.done.send(body.clone());
            }
        }
    }

    /// Removes and returns all scrapes that wait for the format of the first one. If none waits, the thread ends.
    fn take(&self) -> Option<(ExpositionFormat, Vec<Scrape>)> {
        let mut state = self.state();
        state.waiting.retain(|scrape| !scrape.done.is_closed());
        let Some(format) = state.waiting.first().map(|first| first.format) else {
            state.is_running = false;
            return None;
        };
        let of_format = |scrape: &mut Scrape| scrape.format == format;
        Some((format, state.waiting.extract_if(.., of_format).collect()))
    }

    /// Notes who reads a rendering, and cuts off the readers of the oldest ones if all together hold too many bytes.
    fn hold(&self, body: &Bytes, scrapes: &[Scrape]) {
        let mut state = self.state();
        state.held.retain(HeldRendering::is_read);
        let mut bytes = body.len() + state.held.iter().map(|held| held.bytes).sum::<usize>();
        while bytes > MAX_HELD_BYTES {
            let Some(oldest) = state.held.pop_front() else {
                break;
            };
            bytes -= oldest.bytes;
            oldest.cut();
        }
        let readers = scrapes.iter().map(|scrape| scrape.connection.clone());
        state.held.push_back(HeldRendering {
            bytes: body.len(),
            readers: readers.collect(),
        });
    }

    fn state(&self) -> MutexGuard<'_, ScrapeQueue> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the wait of all scrapes if a rendering panics, and lets the next one start a new thread.
struct EndOnPanic<'a>(&'a Shared);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut state = self.0.state();
            state.waiting.clear();
            state.is_running = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::ExpositionFormat::{OpenMetrics, Prometheus};
    use super::*;

    /// Returns renderings that each send to the receiver when they begin, and then wait for a text.
    fn stepped() -> (Arc<Renderings>, Receiver<ExpositionFormat>, Sender<String>) {
        let (begin, begun) = channel();
        let (texts, text) = channel();
        let text = Mutex::new(text);
        let renderings = Renderings::new(move |format| {
            begin.send(format).unwrap();
            text.lock().unwrap().recv().unwrap()
        });
        (Arc::new(renderings), begun, texts)
    }

    /// Starts a scrape, which waits once this returns.
    async fn scrape(
        renderings: &Arc<Renderings>,
        format: ExpositionFormat,
    ) -> tokio::task::JoinHandle<Option<Bytes>> {
        let renderings = Arc::clone(renderings);
        let scrape = async move { renderings.render(format, &Arc::default()).await };
        let scrape = tokio::spawn(scrape);
        tokio::task::yield_now().await;
        scrape
    }

    #[tokio::test]
    async fn one_rendering_runs_at_a_time_and_scrapes_that_wait_share_the_next_one_of_their_format()
    {
        let (renderings, begun, texts) = stepped();
        let first = scrape(&renderings, Prometheus).await;
        assert_eq!(begun.recv().unwrap(), Prometheus);
        let second = scrape(&renderings, Prometheus).await;
        let open = scrape(&renderings, OpenMetrics).await;
        let third = scrape(&renderings, Prometheus).await;
        assert!(begun.try_recv().is_err(), "the first one still runs");
        for text in ["one", "two", "open"] {
            texts.send(text.to_owned()).unwrap();
        }
        let mut rendered = Vec::new();
        for scrape in [first, second, third, open] {
            rendered.push(scrape.await.unwrap().unwrap());
        }
        assert_eq!(rendered, ["one", "two", "two", "open"]);
        assert_eq!(
            begun.iter().take(2).collect::<Vec<_>>(),
            [Prometheus, OpenMetrics]
        );
        assert!(begun.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_scrape_that_has_ended_is_not_rendered() {
        let (renderings, begun, texts) = stepped();
        let first = scrape(&renderings, Prometheus).await;
        assert_eq!(begun.recv().unwrap(), Prometheus);
        let ended = scrape(&renderings, OpenMetrics).await;
        ended.abort();
        assert!(ended.await.unwrap_err().is_cancelled());
        let last = scrape(&renderings, Prometheus).await;
        for text in ["one", "two"] {
            texts.send(text.to_owned()).unwrap();
        }
        assert_eq!(first.await.unwrap().unwrap(), "one");
        assert_eq!(last.await.unwrap().unwrap(), "two");
    }

    #[tokio::test]
    async fn a_rendering_that_panics_fails_its_scrapes_and_the_next_one_runs() {
        let (renderings, begun, texts) = stepped();
        let first = scrape(&renderings, Prometheus).await;
        assert_eq!(begun.recv().unwrap(), Prometheus);
        let waiting = scrape(&renderings, OpenMetrics).await;
        drop(texts);
        assert_eq!(first.await.unwrap(), None);
        assert_eq!(waiting.await.unwrap(), None);
        let next = scrape(&renderings, OpenMetrics).await;
        assert_eq!(begun.recv().unwrap(), OpenMetrics);
        assert_eq!(next.await.unwrap(), None);
    }

    /// Holds a rendering of this size.
    fn hold(shared: &Shared, bytes: usize, connection: &Arc<Connection>) {
        let (done, _) = oneshot::channel();
        let scrape = Scrape {
            format: Prometheus,
            connection: Arc::downgrade(connection),
            done,
        };
        shared.hold(&Bytes::from(vec![0; bytes]), &[scrape]);
    }

    #[tokio::test]
    async fn slow_readers_of_the_oldest_renderings_are_cut_off_beyond_the_limit_of_bytes() {
        let renderings = Renderings::new(|_| String::new());
        let readers: Vec<Arc<Connection>> = (0..4).map(|_| Arc::default()).collect();
        let third = MAX_HELD_BYTES / 3;
        hold(&renderings.0, third, &Arc::default());
        readers
            .iter()
            .for_each(|reader| hold(&renderings.0, third, reader));
        readers[0].until_cut().await;
        assert_eq!(
            renderings.0.state().held.len(),
            3,
            "and what nobody reads is not held"
        );
        hold(&renderings.0, 2 * MAX_HELD_BYTES, &readers[0]);
        readers[3].until_cut().await;
        assert_eq!(renderings.0.state().held.len(), 1);
    }
}
