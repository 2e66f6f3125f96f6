use ragspan::rag_span;

#[rag_span(layer = "data", context(n), layer = "api", context(m))]
fn load(_n: u8, _m: u8) {}

fn main() {}
