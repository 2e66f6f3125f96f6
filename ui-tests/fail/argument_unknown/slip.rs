use ragspan::rag_span;

#[rag_span(layer = "data", contxt(n))]
fn slip(_n: u8) {}

fn main() {}
