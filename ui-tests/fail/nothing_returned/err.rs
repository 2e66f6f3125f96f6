use ragspan::rag_span;

#[rag_span(layer = "data", err(level = "warning"), empty)]
fn warm() {}

fn main() {}
