use ragspan::rag_span;

#[rag_span(layer = "data", slow = "0s")]
fn load() {}

fn main() {}
