use ragspan::rag_span;

#[rag_span]
fn search() {}

#[rag_span(context(n))]
fn load(_n: u8) {}

fn main() {}
