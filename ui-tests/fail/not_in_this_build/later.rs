use ragspan::rag_span;

#[rag_span(
    layer = "generation",
    inputs(n),
    output,
    model = "gpt-4o-mini",
    usage = |n| n,
    cost = |n| n,
    documents = |n| n,
    kind = "prompt",
    versions(prompt = "v3"),
)]
fn answer(n: u8) -> u8 {
    n
}

fn main() {}
