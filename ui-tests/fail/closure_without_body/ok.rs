use ragspan::rag_span;

#[rag_span(layer = "data", ok(|hits|))]
fn search() -> Vec<u8> {
    Vec::new()
}

fn main() {}
