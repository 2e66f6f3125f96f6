//! Functions of every shape behave the same with and without the attribute.
#![deny(warnings)]

use std::error::Error;
use std::fmt::{self, Debug, Display};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use ragspan::rag_span;

#[derive(Debug)]
struct Failed;

impl Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed")
    }
}

impl Error for Failed {}

/// An error that implements no traits.
struct Opaque;

type Outcome<T> = Result<T, Failed>;

/// Documented.
#[rag_span(layer = "data")]
pub fn plain() {}

#[rag_span(layer = "data")]
fn one_line(n: u8) -> u8 { n + 1 }

#[rag_span(layer = "data")]
async fn one_line_async(n: u8) -> u8 { n + 1 }

#[rag_span(layer = "data")]
fn alias(fails: bool) -> Outcome<u8> {
    if fails {
        return Err(Failed);
    }
    Ok(1)
}

#[rag_span(layer = "data")]
fn unsized_error(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    if text.is_empty() {
        return Err("empty".into());
    }
    if text == "failed" {
        return Err(Box::new(Failed));
    }
    Ok(text.parse::<u8>()?)
}

#[rag_span(layer = "data")]
async fn unsized_error_async(text: &str) -> Result<u8, Box<dyn Error>> {
    if text == "failed" {
        return Err(Box::new(Failed));
    }
    Ok(text.parse()?)
}

#[rag_span(layer = "data")]
fn unsized_value(wide: bool) -> Box<dyn Debug> {
    if wide { Box::new(1_u64) } else { Box::new("narrow") }
}

#[rag_span(layer = "data")]
fn bare_error() -> Result<(), Opaque> {
    Err(Opaque)
}

#[rag_span(layer = "data")]
fn borrowed<'a>(list: &'a mut Vec<u8>, n: usize) -> &'a mut u8 {
    &mut list[n]
}

#[rag_span(layer = "data")]
fn borrowed_in_result(list: &mut Vec<u8>) -> Result<&mut u8, Opaque> {
    list.first_mut().ok_or(Opaque)
}

#[rag_span(layer = "data", context(text))]
async fn shortened(mut text: &str) -> usize {
    let local = String::from("local");
    if text.is_empty() {
        text = &local;
    }
    text.len()
}

#[rag_span(layer = "data")]
fn iterator(n: u8) -> impl Iterator<Item = u8> + Clone {
    (0..n).map(|n| n * 2)
}

#[rag_span(layer = "data")]
fn iterator_in_result(n: u8) -> Result<impl Iterator<Item = u8>, Box<dyn Error>> {
    if n == 0 {
        return Err("none".into());
    }
    Ok(0..n)
}

#[rag_span(layer = "data", context(?value))]
fn generic<T, const N: usize>(value: T) -> [T; N]
where
    T: Clone + Debug,
{
    [const { () }; N].map(|()| value.clone())
}

#[rag_span(layer = "data", context(x, y = point.1))]
fn patterns((x, _): (u8, u8), point: (u8, u8), [mut first, ..]: [u8; 2], _: u8) -> u8 {
    first += x;
    first + point.1
}

#[rag_span(layer = "data", context(r#type, kind = %r#type))]
fn r#match(r#type: &str) -> usize {
    r#type.len()
}

#[rag_span(layer = "data", context(n))]
async fn recursive(n: u8) -> u8 {
    if n == 0 { 0 } else { 1 + Box::pin(recursive(n - 1)).await }
}

#[rag_span(layer = "data")]
fn recursive_sync(n: u8) -> u8 {
    if n == 0 { 0 } else { 1 + recursive_sync(n - 1) }
}

#[rag_span(layer = "data")]
unsafe fn dangerous(p: *const u8) -> u8 {
    unsafe { *p }
}

#[rag_span(layer = "data")]
async unsafe fn dangerous_async() -> u8 {
    1
}

#[rag_span(layer = "data")]
extern "C" fn foreign(n: u8) -> u8 {
    n
}

#[rag_span(layer = "data")]
fn inner_attribute() -> u8 {
    #![allow(unused_variables)]
    let unused = 1;
    2
}

#[rag_span(layer = "data")]
async fn inner_attribute_async() -> u8 {
    #![allow(unused_variables)]
    let unused = 1;
    2
}

#[cfg(all())]
#[rag_span(layer = "data")]
fn configured(#[cfg(all())] n: u8, #[cfg(any())] n: Missing) -> u8 {
    #[cfg(any())]
    compile_error!("removed by cfg");
    n
}

#[cfg(any())]
#[rag_span(layer = "data")]
fn configured(n: Missing) -> u8 {}

#[rag_span(layer = "data")]
fn diverges() -> ! {
    std::process::exit(0)
}

#[rag_span(layer = "data")]
async fn diverges_async() -> ! {
    loop {
        std::future::pending::<()>().await
    }
}

#[rag_span(layer = "data")]
async fn never_ends() -> std::convert::Infallible {
    std::future::pending().await
}

#[rag_span(layer = "data")]
fn tail_temporary(shared: &Mutex<Vec<u8>>) -> usize {
    shared.lock().unwrap().len()
}

#[rag_span(layer = "data")]
fn returns_closure(n: u8) -> impl Fn(u8) -> u8 {
    move |m| n + m
}

struct Index {
    found: Vec<u8>,
}

impl Index {
    #[rag_span(layer = "retrieval", context(n = self.found.len()))]
    fn by_ref(&self) -> &[u8] {
        &self.found
    }

    #[rag_span(layer = "retrieval", context(found = self.found.len()))]
    fn by_mut(&mut self, n: u8) -> &mut Self {
        self.found.push(n);
        self
    }

    #[rag_span(layer = "retrieval")]
    async fn by_mut_async(&mut self, n: u8) -> Result<&mut Self, Failed> {
        if n == 0 {
            return Err(Failed);
        }
        self.found.push(n);
        Ok(self)
    }

    #[rag_span(layer = "retrieval")]
    fn by_value(mut self) -> Self {
        self.found.clear();
        self
    }

    #[rag_span(layer = "retrieval")]
    fn boxed(self: Box<Self>) -> usize {
        self.found.len()
    }

    #[rag_span(layer = "retrieval")]
    fn made() -> Self {
        Self { found: Vec::new() }
    }
}

trait Search {
    #[rag_span(layer = "retrieval")]
    fn provided(&self) -> usize {
        self.required() + 1
    }

    fn required(&self) -> usize;

    fn asynchronous(&self, n: u8) -> impl Future<Output = u8>;
}

impl Search for Index {
    #[rag_span(layer = "retrieval")]
    fn required(&self) -> usize {
        self.found.len()
    }

    #[rag_span(layer = "retrieval", context(n))]
    async fn asynchronous(&self, n: u8) -> u8 {
        n
    }
}

macro_rules! made_by_macro {
    ($name:ident, $layer:literal, $n:expr) => {
        #[rag_span(layer = $layer, context(n, twice = n * $n))]
        fn $name(n: u8) -> u8 {
            n * $n
        }
    };
}

made_by_macro!(doubled, "data", 1 + 1);

#[rag_span(
    layer = custom("rerank"),
    operation = "all",
    level = "warning",
    context(n, dotted.name = n + 1, ?list, n2 = %n),
    metrics(weight = 0.5, n3 = n),
    ok(|kept: &Vec<u8>| kept = kept.len(), metrics.first = kept.first().copied()),
    slow = "1.5s",
    empty = |kept| kept.is_empty(),
    crate = ::ragspan,
)]
fn every_argument(n: u8, list: &[u8]) -> Option<Vec<u8>> {
    list.iter().map(|m| m.checked_add(n)).collect()
}

mod telemetry {
    pub use ragspan::__private;
}

#[rag_span(layer = "data", crate = crate::telemetry, context(n), level = tracing_level::QUIET)]
fn elsewhere(n: u8) -> u8 {
    n
}

mod tracing_level {
    pub const QUIET: ragspan::__private::Level = ragspan::__private::Level::DEBUG;
}

fn now<F: Future>(future: F) -> F::Output {
    let mut cx = Context::from_waker(Waker::noop());
    match pin!(future).as_mut().poll(&mut cx) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("these futures never wait"),
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn main() {
    plain();
    assert_eq!((one_line(1), now(one_line_async(1))), (2, 2));
    assert!(alias(true).is_err() && alias(false).is_ok());
    assert_eq!(unsized_error("").unwrap_err().to_string(), "empty");
    assert!(unsized_error("failed").is_err() && unsized_error("x").is_err());
    assert_eq!(now(unsized_error_async("7")).unwrap(), 7);
    assert!(now(unsized_error_async("failed")).is_err());
    assert_eq!(format!("{:?}{:?}", unsized_value(true), unsized_value(false)), "1\"narrow\"");
    assert!(bare_error().is_err());
    let mut list = vec![1, 2];
    *borrowed(&mut list, 0) += 10;
    *borrowed_in_result(&mut list).ok().unwrap() += 10;
    assert_eq!(now(shortened("")), 5);
    assert_eq!((iterator(3).sum::<u8>(), iterator_in_result(3).unwrap().sum::<u8>()), (6, 3));
    assert_eq!(generic::<_, 2>("a"), ["a", "a"]);
    assert_eq!(patterns((1, 2), (3, 4), [5, 6], 0), 10);
    assert_eq!(r#match("abc"), 3);
    assert_eq!((now(is_send(recursive(3))), recursive_sync(3)), (3, 3));
    assert_eq!(unsafe { dangerous(&list[0]) + now(dangerous_async()) }, 22);
    assert_eq!((foreign(1), inner_attribute(), now(inner_attribute_async())), (1, 2, 2));
    assert_eq!((configured(1), tail_temporary(&Mutex::new(list))), (1, 2));
    assert_eq!(returns_closure(1)(2), 3);
    let mut index = Index::made();
    assert_eq!(index.by_mut(1).by_mut(2).by_ref(), [1, 2]);
    assert!(now(is_send(index.by_mut_async(3))).is_ok() && now(index.by_mut_async(0)).is_err());
    assert_eq!((index.provided(), now(index.asynchronous(7))), (4, 7));
    assert_eq!(Box::new(index.by_value()).boxed(), 0);
    assert_eq!((doubled(2), elsewhere(1)), (4, 1));
    assert_eq!(every_argument(1, &[1]), Some(vec![2]));
    assert_eq!(every_argument(1, &[255]), None);
    let waiting: [Pin<Box<dyn Future<Output = ()>>>; 2] = [
        Box::pin(async { diverges_async().await }),
        Box::pin(async { match never_ends().await {} }),
    ];
    drop(waiting);
    diverges()
}
