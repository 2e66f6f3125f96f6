use ragspan::rag_span;

#[rag_span(layer = custom("Re Rank"))]
fn two_words() {}

fn main() {}
