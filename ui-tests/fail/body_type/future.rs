use ragspan::rag_span;

use std::future::Future;
use std::pin::Pin;

#[rag_span(layer = "data")]
fn boxed() -> Pin<Box<dyn Future<Output = u8> + Send>> {
    Box::pin(async { "boxed" })
}

#[rag_span(layer = "data")]
fn opaque() -> impl Future<Output = u8> {
    async { "opaque" }
}

#[rag_span(layer = "data")]
fn no_future(n: u8) -> Pin<Box<dyn Future<Output = u8> + Send>> {
    let n = n + 1;
    n
}

fn main() {}
