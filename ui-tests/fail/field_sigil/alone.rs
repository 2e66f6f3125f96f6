use ragspan::rag_span;

#[rag_span(layer = "data", context(?, filter = %))]
fn search() {}

fn main() {}
