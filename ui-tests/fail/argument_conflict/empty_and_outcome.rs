use ragspan::rag_span;

#[rag_span(layer = "data", empty, outcome = |_hits| ragspan::Outcome::Success)]
fn search() -> Vec<u8> {
    Vec::new()
}

fn main() {}
