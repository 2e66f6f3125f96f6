use ragspan::rag_span;

struct Hit;

#[rag_span(layer = "retrieval", documents = |_| 7)]
fn number() -> Vec<Hit> {
    Vec::new()
}

#[rag_span(layer = "retrieval", documents = |hits| hits)]
fn hits() -> Vec<Hit> {
    Vec::new()
}

fn main() {
    let _ = (number(), hits());
}
