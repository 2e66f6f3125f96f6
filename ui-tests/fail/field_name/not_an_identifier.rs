use ragspan::rag_span;

#[rag_span(layer = "data", context("top k" = 3, f() = 4))]
fn search() {}

fn main() {}
