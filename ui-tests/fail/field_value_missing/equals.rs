use ragspan::rag_span;

#[rag_span(layer = "data", context(top_k = , chars =))]
fn search(_top_k: u8) {}

fn main() {}
