use ragspan::rag_span;

#[rag_span(layer = "data", banana)]
fn no_slip() {}

fn main() {}
