use ragspan::rag_span;

#[rag_span(layer = "data", ret(Disply))]
fn load() -> u8 {
    1
}

fn main() {}
