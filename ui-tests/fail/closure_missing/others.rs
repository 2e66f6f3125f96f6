use ragspan::rag_span;

#[rag_span(layer = "data", empty = Vec::is_empty)]
fn search() -> Vec<u8> {
    Vec::new()
}

#[rag_span(layer = "data", outcome = || Outcome::Success)]
fn without_a_name() {}

fn main() {}
