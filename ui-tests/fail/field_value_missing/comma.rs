use ragspan::rag_span;

#[rag_span(layer = "data", context(, top_k))]
fn search(_top_k: u8) {}

fn main() {}
