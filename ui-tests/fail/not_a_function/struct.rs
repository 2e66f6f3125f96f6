use ragspan::rag_span;

#[rag_span(layer = "data")]
#[derive(Debug)]
pub struct Index {
    pub rows: u8,
}

fn main() {
    let _ = Index { rows: 1 };
}
