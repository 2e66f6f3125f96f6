use ragspan::rag_span;

#[rag_span(layer = "data", slow = "2 seconds")]
fn words() {}

#[rag_span(layer = "data", slow = 2)]
fn no_unit() {}

#[rag_span(layer = "data", slow = "0s")]
fn zero() {}

#[rag_span(layer = "data", slow)]
fn nothing() {}

fn main() {}
