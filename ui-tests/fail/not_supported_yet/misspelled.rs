use ragspan::rag_span;

#[rag_span(layer = "generation", outpt)]
fn answer(n: u8) -> u8 {
    n
}

fn main() {}
