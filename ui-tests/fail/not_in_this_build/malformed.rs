use ragspan::rag_span;

#[rag_span(
    layer = "generation",
    inputs = n,
    output = n,
    model,
    usage = n,
    cost = |n|,
    documents,
    kind = 7,
    versions,
)]
fn answer(n: u8) -> u8 {
    n
}

fn main() {}
