//! An annotated function triggers the same compiler warnings as one without the attribute.
#![deny(warnings)]

use ragspan::rag_span;

#[expect(dead_code)]
#[rag_span(layer = "data")]
fn never_called() {}

#[expect(dead_code)]
#[rag_span(layer = "data")]
async fn never_called_async(n: u8) -> u8 {
    n
}

#[expect(unused_variables)]
#[rag_span(layer = "data")]
fn unused_argument(n: u8) {}

#[expect(unused_variables)]
#[rag_span(layer = "data")]
async fn unused_argument_async(n: u8) {}

#[expect(unused_mut)]
#[rag_span(layer = "data")]
fn unused_mut(mut n: u8) -> u8 {
    n
}

#[expect(unreachable_code)]
#[rag_span(layer = "data")]
fn unreachable() -> u8 {
    return 1;
    2
}

#[expect(unused_must_use)]
#[rag_span(layer = "data")]
fn ignored() {
    must_be_used();
}

#[must_use]
#[rag_span(layer = "data")]
fn must_be_used() -> u8 {
    1
}

#[expect(deprecated)]
#[rag_span(layer = "data")]
fn calls_deprecated() {
    outdated();
}

#[deprecated]
#[rag_span(layer = "data")]
fn outdated() {}

fn main() {
    unused_argument(1);
    drop(unused_argument_async(1));
    unused_mut(1);
    unreachable();
    ignored();
    calls_deprecated();
}
