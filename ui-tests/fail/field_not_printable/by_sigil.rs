use ragspan::rag_span;

struct Filter;

#[rag_span(layer = "data", context(?filter, %other))]
fn search(filter: Filter, other: Filter) {}

fn main() {}
