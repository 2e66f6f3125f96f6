use ragspan::rag_span;

#[rag_span(layer = "data", ok(|first, second| n = 1))]
fn two() {}

#[rag_span(layer = "data", outcome = |first, second| first == second)]
fn also_two() {}

fn main() {}
