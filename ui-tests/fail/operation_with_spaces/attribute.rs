use ragspan::rag_span;

#[rag_span(layer = "data", operation = "hybrid search")]
fn search() {}

fn main() {}
