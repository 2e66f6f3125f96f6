use ragspan::rag_span;

#[rag_span(layer = "generation", inputs(n), output)]
fn answer(n: u8) -> u8 {
    n
}

fn main() {}
