use ragspan::rag_span;

#[rag_span(layer = "data", ok(n = 1))]
fn no_closure() {}

#[rag_span(layer = "data", ok(|n|))]
fn nothing() {}

#[rag_span(layer = "data", ok(|a, b| n = 1))]
fn two_values() {}

#[rag_span(layer = "data", ok)]
fn alone() {}

fn main() {}
