use ragspan::rag_span;

#[rag_span(layer = "data")]
async fn search() -> usize {
    let hits: Vec<u8> = Vec::new()
    hits.len()
}

fn main() {}
