use ragspan::rag_span;

#[rag_span(layer = "data", context(a b))]
fn load(_a: u8, _b: u8) {}

fn main() {}
