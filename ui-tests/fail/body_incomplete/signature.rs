use ragspan::rag_span;

#[rag_span(layer = "data")]
fn search(hits: Vec<u8) -> usize {
    hits.len()
}

fn main() {}
