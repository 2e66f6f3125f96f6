use ragspan::rag_span;

#[rag_span(layer = "data")]
fn search(hits: Vec<u8>) -> usize {
    let n = hits.
    n
}

fn main() {}
