use ragspan::rag_span;

struct Index;

#[rag_span(layer = "data")]
impl Index {
    const fn limit(&self) -> u8 {
        1
    }
}

fn main() {
    Index.limit();
}
