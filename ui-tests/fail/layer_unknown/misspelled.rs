use ragspan::rag_span;

#[rag_span(layer = "retreival")]
fn search() {}

fn main() {}
