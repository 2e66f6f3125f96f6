use ragspan::rag_span;

#[rag_span(layer = "data")]
const fn limit() -> u8 {
    1
}

fn main() {
    limit();
}
