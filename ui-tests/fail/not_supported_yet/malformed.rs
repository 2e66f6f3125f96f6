use ragspan::rag_span;

#[rag_span(layer = "generation", inputs = n, output = n)]
fn answer(n: u8) -> u8 {
    n
}

fn main() {}
