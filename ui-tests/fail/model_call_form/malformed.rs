use ragspan::rag_span;

#[rag_span(layer = "generation", model, usage, cost, documents, kind, versions)]
fn nothing(n: u8) -> u8 {
    n
}

#[rag_span(
    layer = "generation",
    model = |n|,
    usage = n,
    cost = |n|,
    documents = Vec::len,
    kind = 7,
    versions = "v3",
)]
fn other_things(n: u8) -> u8 {
    n
}

fn main() {}
