use ragspan::rag_span;

#[rag_span(layer = "data", skip("password"))]
fn login(_password: &str) {}

fn main() {}
