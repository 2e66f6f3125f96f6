use ragspan::rag_span;

#[rag_span(layer = retrieval)]
fn bare() {}

#[rag_span(layer)]
fn nothing() {}

#[rag_span(layer = custom("Re Rank"))]
fn two_words() {}

#[rag_span(layer = custom("retrieval"))]
fn known() {}

#[rag_span(layer = custom("a", "b"))]
fn two() {}

fn main() {}
