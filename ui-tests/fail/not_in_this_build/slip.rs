use ragspan::rag_span;

#[rag_span(layer = "generation", usag = |n| n)]
fn answer(n: u8) -> u8 {
    n
}

fn main() {}
