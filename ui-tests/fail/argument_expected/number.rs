use ragspan::rag_span;

#[rag_span(layer = "data", 7)]
fn load() {}

fn main() {}
