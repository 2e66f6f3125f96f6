use ragspan::rag_span;

#[rag_span(layer, slow, level =, operation =, context_from, follows_from)]
fn load() {}

fn main() {}
