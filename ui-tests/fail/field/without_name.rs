use ragspan::rag_span;

#[rag_span(layer = "data", context(query.len(), &query, 1 + 1, ?limit = 3))]
fn load(query: &str) {}

#[rag_span(layer = "data", metrics(?weight))]
fn weigh(weight: u8) {}

fn main() {
    load("");
    weigh(1);
}
