use ragspan::rag_span;

#[rag_span(layer = "data", crate = "ragspan")]
fn load() {}

fn main() {}
