use ragspan::rag_span;

#[rag_span(layer = custom("Re Rank"))]
fn with_space() {}

fn main() {}
