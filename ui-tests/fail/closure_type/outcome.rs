use ragspan::rag_span;

#[rag_span(layer = "data", outcome = |answer| *answer > 1)]
fn answer() -> u8 {
    1
}

fn main() {}
