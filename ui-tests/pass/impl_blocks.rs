//! The attribute on an `impl` block or a trait instruments every function in it that has a body.
#![deny(warnings)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ragspan::rag_span;
use ragspan::testing::capture;

struct Index<T>(Vec<T>);

struct Sized<const N: usize>;

impl<const N: usize> Sized<N> {
    fn len(&self) -> usize {
        N
    }
}

#[rag_span(layer = "retrieval", level = "debug")]
impl<T: Clone + PartialEq> Index<T> {
    #![allow(clippy::len_without_is_empty)]

    const LIMIT: usize = { 1 + 1 };

    /// Documented.
    pub fn new(all: Vec<T>) -> Self {
        Self(all)
    }

    #[rag_span(context(n), ok(|found| found = found.len()), level = "info", empty)]
    fn first(&self, n: usize) -> Vec<T> {
        self.0.iter().take(n.min(Self::LIMIT)).cloned().collect()
    }

    #[rag_span(layer = "data", operation = "load")]
    #[must_use]
    async fn read(&self) -> usize {
        self.0.len()
    }

    #[rag_span(skip)]
    const fn limit(&self) -> Sized<{ 1 + 1 }> {
        Sized
    }

    fn later(&self) -> impl Future<Output = usize> {
        let n = self.0.len();
        async move { n }
    }
}

#[rag_span(layer = "retrieval")]
pub trait Search {
    const NAME: &'static str;

    type Hit;

    fn search(&self) -> Vec<Self::Hit>;

    fn count(&self) -> usize {
        self.search().len()
    }
}

#[rag_span(layer = custom("rerank"))]
impl<T: Clone> Search for &Index<T> {
    const NAME: &'static str = "index";

    type Hit = T;

    fn search(&self) -> Vec<T> {
        self.0.clone()
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("no future is ever pending"),
    }
}

fn main() {
    let ((), seen) = capture(|| {
        let index = Index::new(vec![1, 2, 3]);
        assert_eq!(index.first(3), [1, 2]);
        assert_eq!(index.first(0), [0; 0]);
        assert_eq!((wait(index.read()), wait(index.later()), index.limit().len()), (3, 3, 2));
        assert_eq!(((&index).count(), <&Index<u8>>::NAME), (3, "index"));
    });
    assert_eq!(seen.record("Index::new_complete")["level"], "DEBUG");
    let first = seen.record("Index::first_complete");
    assert_eq!((&first["level"], &first["context"]["found"]), (&"INFO".into(), &2.into()));
    assert_eq!(seen.record("Index::first_empty")["logger"], "rag.retrieval");
    assert_eq!(seen.record("load_complete")["logger"], "rag.data");
    assert_eq!(seen.record("Index::later_complete")["level"], "DEBUG");
    assert_eq!(seen.record("Search::count_complete")["logger"], "rag.retrieval");
    assert_eq!(seen.record("Index::search_complete")["logger"], "rag.rerank");
    assert!(seen.messages().iter().all(|message| !message.contains("limit")));
}
