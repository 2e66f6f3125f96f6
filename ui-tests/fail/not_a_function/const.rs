use ragspan::rag_span;

#[rag_span(layer = "data")]
const LIMIT: u8 = 1;

fn main() {
    let _ = LIMIT;
}
