use ragspan::rag_span;

#[rag_span(layer = "data", follows_from = 7)]
fn load() {}

fn main() {}
