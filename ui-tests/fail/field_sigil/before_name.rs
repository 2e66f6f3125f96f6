use ragspan::rag_span;

#[rag_span(layer = "data", context(?limit = 3, %http.id = query))]
fn search(query: &str) -> usize {
    query.len()
}

fn main() {}
