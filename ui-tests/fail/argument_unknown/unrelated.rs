use ragspan::rag_span;

#[rag_span(layer = "data", banana)]
fn unrelated() {}

fn main() {}
