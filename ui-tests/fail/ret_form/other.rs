use ragspan::rag_span;

#[rag_span(layer = "data", ret = Debug)]
fn load() -> u8 {
    1
}

fn main() {}
