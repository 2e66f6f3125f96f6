use ragspan::rag_span;

#[rag_span(layer = custom(rerank))]
fn word() {}

#[rag_span(layer = custom())]
fn nothing() {}

fn main() {}
