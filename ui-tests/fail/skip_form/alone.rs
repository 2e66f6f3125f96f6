use ragspan::rag_span;

#[rag_span(layer = "data", skip)]
fn load() {}

fn main() {}
