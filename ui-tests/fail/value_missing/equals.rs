use ragspan::rag_span;

#[rag_span(layer("data"), slow("2s"), level "debug", parent(span))]
fn load() {}

fn main() {}
