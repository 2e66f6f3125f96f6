use ragspan::rag_span;

#[rag_span(layer, slow, level =, operation =)]
fn load() {}

fn main() {}
