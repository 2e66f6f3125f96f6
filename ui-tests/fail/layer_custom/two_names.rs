use ragspan::rag_span;

#[rag_span(layer = custom("rerank", "rank"))]
fn two() {}

fn main() {}
