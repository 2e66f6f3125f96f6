use ragspan::rag_span;

#[rag_span(layer = "data", empty = |answer| answer)]
fn answer() -> u8 {
    1
}

fn main() {}
