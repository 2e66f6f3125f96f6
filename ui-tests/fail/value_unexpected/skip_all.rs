use ragspan::rag_span;

#[rag_span(layer = "data", skip_all = true)]
fn load() {}

fn main() {}
