use ragspan::rag_span;

#[rag_span(layer = retrieval)]
fn search() {}

fn main() {}
