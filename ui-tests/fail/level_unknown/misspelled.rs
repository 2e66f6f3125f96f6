use ragspan::rag_span;

#[rag_span(layer = "data", level = "warn ing")]
fn load() {}

fn main() {}
