use ragspan::rag_span;

#[rag_span(layer = "data", slow = "2 seconds")]
fn load() {}

fn main() {}
