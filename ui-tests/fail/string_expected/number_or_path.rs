use ragspan::rag_span;

#[rag_span(layer = "data", slow = 2, operation = load, name = 7, target = false)]
fn load() {}

fn main() {}
