use ragspan::rag_span;

#[rag_span(layer = "data", metrics(weight))]
fn weigh(weight: &str) {}

fn main() {}
