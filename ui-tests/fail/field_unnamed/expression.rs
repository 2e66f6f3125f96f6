use ragspan::rag_span;

#[rag_span(layer = "data", context(query.len(), &query, 1 + 1))]
fn search(query: &str) -> usize {
    query.len()
}

fn main() {}
