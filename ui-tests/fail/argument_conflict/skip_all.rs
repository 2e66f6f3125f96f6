use ragspan::rag_span;

#[rag_span(layer = "data", skip_all, skip(password))]
fn login(_password: &str) {}

fn main() {}
