use ragspan::rag_span;

struct Index;

#[rag_span(layer = "data")]
impl Index {
    #[rag_span(slow = "1s")]
    const LIMIT: u8 = 1;
}

fn main() {
    let _ = Index::LIMIT;
}
