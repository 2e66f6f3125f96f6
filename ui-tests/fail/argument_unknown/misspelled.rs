use ragspan::rag_span;

#[rag_span(layer = "data", contxt(n))]
fn misspelled(_n: u8) {}

fn main() {}
