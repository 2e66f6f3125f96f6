use ragspan::rag_span;

#[rag_span(layer = "banana")]
fn peel() {}

fn main() {}
