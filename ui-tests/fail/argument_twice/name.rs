use ragspan::rag_span;

#[rag_span("load", layer = "data", "load_it")]
fn load() {}

fn main() {}
