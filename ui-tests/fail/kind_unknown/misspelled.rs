use ragspan::rag_span;

#[rag_span(layer = "data", kind = "rerenk")]
fn rerank() {}

fn main() {}
