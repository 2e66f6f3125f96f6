use ragspan::rag_span;

const NAME: &str = "http.status";

#[rag_span(layer = "data", fields({ NAME }))]
fn load() {}

fn main() {}
