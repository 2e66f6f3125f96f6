use ragspan::rag_span;

#[rag_span(layer = custom("retrieval"))]
fn search() {}

fn main() {}
