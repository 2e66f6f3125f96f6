use ragspan::rag_span;

#[rag_span(layer = "data", parent = 7)]
fn load() {}

fn main() {}
