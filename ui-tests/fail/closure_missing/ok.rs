use ragspan::rag_span;

#[rag_span(layer = "data", ok(chunks = 1))]
fn search() {}

#[rag_span(layer = "data", ok())]
fn nothing() {}

fn main() {}
