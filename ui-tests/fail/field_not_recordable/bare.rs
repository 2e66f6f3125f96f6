use ragspan::rag_span;

struct Filter;

#[rag_span(layer = "data", context(filter))]
fn search(filter: Filter) {}

#[rag_span(layer = "data", fields(filter))]
async fn search_later(filter: Filter) {}

fn main() {}
