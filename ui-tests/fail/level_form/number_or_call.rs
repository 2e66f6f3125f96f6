use ragspan::rag_span;

#[rag_span(layer = "data", level = 6)]
fn number() {}

#[rag_span(layer = "data", level = level_of("load"))]
fn call() {}

#[rag_span(layer = "data", level = -1)]
fn negative() {}

fn main() {}
